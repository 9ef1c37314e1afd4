/*
 * interpose.c - what all wrappers have in common, and the way in
 *
 * The constructor runs before main: it maps the log, reads the plan, and ties
 * the program's life to that of the harness.
 */
#include "interpose.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "callers.h"

#define SCRUBBED        (256 << 10)     /* bytes of dead stack */
#define BAD_ENVIRONMENT 97      /* exit status: a log or plan we cannot use */

static void (*functions[CALLS])(void);
static uint64_t entries[CALLS];         /* see callers_find() */
static __thread bool is_quiet __attribute__((tls_model("initial-exec")));

typedef int main_function(int argc, char **argv, char **env);

static main_function *program_main;
static bool has_begun;

bool main_has_begun(void)
{
    return has_begun;
}

/*
 * What lies below is dead, yet a pointer left there would be found when the
 * stack is used again, and LeakSanitizer would take its memory for in use.
 */
void scrub_stack(void)
{
    volatile uint64_t dead[SCRUBBED / sizeof(uint64_t)];

    if (syscall(SYS_gettid) != getpid())
        return;                 /* a thread's stack may be small */
    for (size_t i = 0; i < sizeof dead / sizeof dead[0]; i++)
        dead[i] = 0;
}

static int run_main(int argc, char **argv, char **env)
{
    has_begun = true;
    int status = program_main(argc, argv, env);
    scrub_stack();
    return status;
}

/* The start of every program calls this one, which calls main. */
int __libc_start_main(main_function *main, int argc, char **argv,
                      void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end);

int __libc_start_main(main_function *main, int argc, char **argv,
                      void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end)
{
    __typeof__(&__libc_start_main) next;

    *(void **)&next = dlsym(RTLD_NEXT, "__libc_start_main");
    program_main = main;
    return next(run_main, argc, argv, init, fini, rtld_fini, stack_end);
}

static bool same_library(void *a, void *b)
{
    Dl_info in_a, in_b;

    return dladdr(a, &in_a) && dladdr(b, &in_b) &&
           in_a.dli_fbase == in_b.dli_fbase;
}

/*
 * Look a function up among the libraries behind us.  Each pthread_cond_...() of
 * libc has an ancient version, which dlsym may prefer and which must not be
 * used; but a sanitizer's, which has no version, goes before libc's.
 */
static void look_up(int number)
{
    const char *name = call_kinds[number].name;
    void *found = dlsym(RTLD_NEXT, name);

    if (strncmp(name, "pthread_cond_", 13) == 0) {
        void *modern = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
        if (modern != NULL && same_library(found, modern))
            found = modern;
    }
    /* ISO C has no cast from an object's address to a function's. */
    memcpy(&functions[number], &found, sizeof found);
}

/* Find out whether the program has a function of that name itself. */
static void find_entry(int number)
{
    void *found = dlsym(RTLD_DEFAULT, call_kinds[number].name);
    uint64_t entry = (uint64_t)(uintptr_t)found;

    entries[number] = callers_add_entry(entry) ? entry : 0;
}

void (*real(int number))(void)
{
    if (functions[number] == NULL)
        look_up(number);        /* called before our constructor */
    return functions[number];
}

void keep_quiet(bool quiet)
{
    is_quiet = quiet;
}

/* A pipe, or a file without a kind, which is what an eventfd is. */
static bool wakes_a_reader(int fd)
{
    struct stat file;

    return syscall(SYS_fstat, fd, &file) == 0 &&
           (S_ISFIFO(file.st_mode) || (file.st_mode & S_IFMT) == 0);
}

struct descriptor_kind kind_of(int fd)
{
    struct descriptor_kind kind = { .is_open = false };
    int type;
    socklen_t len = sizeof type;
    int saved = errno;

    if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0) {
        kind.is_socket = kind.is_open = true;
        kind.is_stream = type == SOCK_STREAM;
    } else {
        kind.is_open = errno != EBADF;
        kind.wakes = kind.is_open && wakes_a_reader(fd);
    }
    errno = saved;
    return kind;
}

/* libc's, for the functions whose names end in _chk. */
_Noreturn void __chk_fail(void);

void need_room(size_t wanted, size_t room)
{
    if (wanted > room)
        __chk_fail();
}

void show_address(struct call *call, const void *address, socklen_t len)
{
    call->data = address;
    call->size = len;
}

void show_text(struct call *call, const char *text)
{
    call->data = text;
    call->size = text == NULL ? 0 : strlen(text) + 1;
}

/* Fill what the records of a call have in common. */
static void fill(struct log_record *record, const struct call *call)
{
    *record = (struct log_record){ .call = (uint16_t)call->number };
    record->flags = (uint8_t)call->verdict.actions;
    memcpy(record->args, call->args, sizeof record->args);
    if (call->data != NULL)
        memcpy(record->data, call->data,
               call->size < LOG_DATA ? call->size : LOG_DATA);
}

/* Is it about a file that is no business of ours? */
static bool is_unseen(const struct call *call, struct descriptor_kind kind)
{
    return call->sockets_only && kind.is_open && !kind.is_socket &&
           call->fd > 2;
}

/* How many bytes are to be moved; SIZE_MAX if it is not about bytes. */
static size_t asked_for(const struct call *call)
{
    enum call_class class = call_kinds[call->number].class;

    if (class == CLASS_RECEIVE || class == CLASS_TRANSMIT)
        return (size_t)call->args[1];
    return call->number == CALL_sendfile ? (size_t)call->args[3] : SIZE_MAX;
}

/* Ask the plan.  Returns false, with errno set, when it wants a failure. */
static bool ask(struct call *call, struct descriptor_kind kind, bool connected)
{
    const struct plan_query query = {
        .call = call->number, .fd = call->fd, .flags = call->flags,
        .is_socket = kind.is_socket, .is_stream = kind.is_stream,
        .length = asked_for(call), .wakes = kind.wakes,
        .is_unseen = is_unseen(call, kind),
        .has_connection = connected, .can_be_ready = call->can_be_ready
    };

    plan_ask(&query, &call->verdict);
    errno = call->verdict.fail ? call->verdict.fail : call->errno_before;
    return call->verdict.fail == 0;
}

/* Does a call wait for a peer?  What is in buffers then, waits as well. */
static bool waits(int number)
{
    enum call_class class = call_kinds[number].class;

    return class == CLASS_RECEIVE || class == CLASS_ACCEPT ||
           class == CLASS_WAIT;
}

bool enter(struct call *call)
{
    struct descriptor_kind kind = { .is_open = false };
    struct log_record record;

    call->errno_before = errno;
    call->verdict = (struct plan_verdict){ .limit = SIZE_MAX };
    if (call->sockets_only || !plan_is_empty())
        kind = kind_of(call->fd);
    bool go_on = is_quiet || plan_is_empty() || ask(call, kind, false);
    bool is_dull = call->only_if_touched || is_unseen(call, kind);
    call->is_quiet = is_quiet || (is_dull && call->verdict.actions == 0);
    if (call->is_quiet)
        return true;
    int wanted = errno;
    if (log_is_open()) {
        if (waits(call->number))
            log_unflushed(unflushed());
        fill(&record, call);
        record.phase = LOG_ENTER;
        callers_find(call->frame, entries[call->number], record.callers);
        call->index = log_append(&record);
    }
    call->data = NULL;
    if (call->verdict.stop)
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGSTOP);
    errno = wanted;
    return go_on;
}

bool enter_with_connection(struct call *call)
{
    struct plan_verdict first = call->verdict;
    bool go_on = ask(call, kind_of(call->fd), true);

    if (call->verdict.actions == 0)
        call->verdict = first;
    return go_on;
}

static bool has_failed(const struct call *call, int64_t result)
{
    switch (call_kinds[call->number].outcome) {
    case OUTCOME_NUMBER: case OUTCOME_HANDLER: return result == -1;
    case OUTCOME_POINTER:                      return result == 0;
    case OUTCOME_CODE: case OUTCOME_GAI:       return result != 0;
    default:                                   return false;
    }
}

int64_t leave(struct call *call, int64_t result)
{
    int error = errno;
    enum call_outcome kind = call_kinds[call->number].outcome;
    struct log_record record;

    if (call->is_quiet)
        return result;
    if (call->verdict.slow)
        let_others_run();
    bool failed = has_failed(call, result);
    if (log_is_open()) {
        fill(&record, call);
        record.phase = LOG_LEAVE;
        record.enter = call->index;
        record.result = result;
        if (failed && (kind != OUTCOME_GAI || result == EAI_SYSTEM))
            record.error = kind == OUTCOME_CODE ? (int)result : error;
        log_append(&record);
    }
    if (!failed && call->verdict.late_errno != 0)
        error = call->verdict.late_errno;
    errno = error;
    return result;
}

void note(const struct call *call, int64_t result)
{
    struct log_record record;

    fill(&record, call);
    record.phase = LOG_NOTE;
    record.result = result;
    log_append(&record);
}

static void begin_child(void)
{
    log_forget_ids();
    plan_forget_counts();
}

/* Say what is wrong and end: nothing may run unobserved or unharmed. */
static void give_up(const char *what, const char *which)
{
    fprintf(stderr, "interpose.so: %s: %s\n", what, which);
    _exit(BAD_ENVIRONMENT);
}

/*
 * A program that ours executes in a process of its own, such as the symbolizer
 * of a sanitizer, is left alone: no log, no plan.
 */
__attribute__((constructor))
static void begin(void)
{
    const char *path = getenv("LOOPBACK_LOG");
    struct call load = { .number = CALL_load };
    int saved = errno;

    load.args[0] = (int64_t)callers_begin();
    for (int i = 0; i < CALLS; i++)
        if (call_kinds[i].class != CLASS_EVENT) {
            look_up(i);
            find_entry(i);
        }
    if (path != NULL && log_open(path) == -1)
        give_up("cannot use LOOPBACK_LOG", path);
    if (!log_belongs_to(getpid())) {
        log_close();
        return;
    }
    const char *culprit = plan_read(getenv("LOOPBACK_PLAN"));
    if (culprit != NULL)
        give_up("cannot read this rule of LOOPBACK_PLAN", culprit);
    heap_begin();
    note(&load, 0);
    pthread_atfork(NULL, NULL, begin_child);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    errno = saved;
}
