/*
 * threads.c - threads, and the holding back of one
 *
 * Every thread starts in run(), which writes thread_start and, when the plan
 * says hold, waits until its creator has gone on to create the next thread.
 * A program that gives each thread its own argument does not mind; one that
 * gives all of them the same variable is found out, without luck.
 */
#include "interpose.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "callers.h"

#define MAX_STARTING 256        /* threads created but not running yet */
#define HOLD_LIMIT   2000       /* looks, a millisecond apart */
#define LOOKS        3          /* in a row that find the creator waiting */

struct start {
    _Atomic bool taken;
    void *(*routine)(void *);
    void *argument;
    bool held;
    unsigned turn;              /* how many were created, this one included */
    pid_t creator;              /* the thread that did */
};

static struct start starts[MAX_STARTING];
static _Atomic unsigned created;

/* Take a free slot, or return NULL. */
static struct start *take_start(void)
{
    for (int i = 0; i < MAX_STARTING; i++) {
        bool free = false;
        if (atomic_compare_exchange_strong(&starts[i].taken, &free, true))
            return &starts[i];
    }
    return NULL;
}

/*
 * Does this thread sleep until another one wakes it, or is it gone?  Then it
 * may be waiting for the very thread that we hold back.
 */
static bool waits_for_a_thread(pid_t tid)
{
    char path[64], text[16] = "";

    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", (int)tid);
    long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return true;
    long n = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    int number;
    return n <= 0 || (sscanf(text, "%d", &number) == 1 && number == SYS_futex);
}

/* Wait until a later thread is created, or the creator waits for this one. */
static void hold_back(const struct start *start)
{
    const struct timespec look = { 0, 1000000 };
    int waiting = 0;

    for (int i = 0; i < HOLD_LIMIT && waiting < LOOKS; i++) {
        if (created != start->turn)
            return;
        syscall(SYS_futex, &created, FUTEX_WAIT_PRIVATE, start->turn, &look,
                NULL, 0);
        waiting = waits_for_a_thread(start->creator) ? waiting + 1 : 0;
    }
}

static void *run(void *argument)
{
    struct start start = *(struct start *)argument;
    struct call call = { .number = CALL_thread_start, .fd = -1,
                         .args = { (int64_t)(intptr_t)start.routine,
                                   start.creator } };

    callers_begin_thread(__builtin_frame_address(0));
    if (start.held)
        hold_back(&start);
    ((struct start *)argument)->taken = false;
    note(&call, 0);
    return start.routine(start.argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*routine)(void *), void *argument)
{
    struct call call = { ABOUT(pthread_create, -1), .failure = FAILS_BY_CODE,
                         .args = { (int64_t)(intptr_t)routine,
                                   (int64_t)(intptr_t)argument } };
    int result = 0;

    if (!main_has_begun())      /* a sanitizer makes a thread for itself */
        return REAL(pthread_create)(thread, attributes, routine, argument);
    if (!enter(&call)) {
        errno = call.errno_before;
        return (int)leave(&call, call.verdict.fail);
    }
    unsigned turn = atomic_fetch_add(&created, 1) + 1;
    syscall(SYS_futex, &created, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);

    struct start *start = take_start();
    if (start == NULL)
        return (int)leave(&call, REAL(pthread_create)(thread, attributes,
                                                      routine, argument));
    start->routine = routine;
    start->argument = argument;
    start->held = call.verdict.hold;
    start->turn = turn;
    start->creator = (pid_t)syscall(SYS_gettid);
    result = REAL(pthread_create)(thread, attributes, run, start);
    if (result != 0)
        start->taken = false;
    return (int)leave(&call, result);
}

WRAP(int, pthread_join, (pthread_t thread, void **value), (thread, value),
     .fd = -1, .failure = FAILS_BY_CODE, .args = { (int64_t)thread })

WRAP(int, pthread_detach, (pthread_t thread), (thread),
     .fd = -1, .failure = FAILS_BY_CODE, .args = { (int64_t)thread })

/*
 * Conditions.  While the harness keeps the gate closed, a thread that was woken
 * is slow to get its mutex, or a thread that wakes another is slow to go on:
 * the order of the two is never promised, and no longer a matter of luck.
 */

static __thread bool woke_early __attribute__((tls_model("initial-exec")));

/*
 * Wait on cond, until end unless that is NULL.  After a spurious wake-up the
 * same thread waits in earnest: one that waits in a loop, as it should, would
 * otherwise never let go of its mutex.
 */
static int wait_on(struct call *call, pthread_cond_t *cond,
                   pthread_mutex_t *mutex, const struct timespec *end)
{
    if (!enter(call))
        return (int)leave(call, call->verdict.fail);
    if ((woke_early = call->verdict.ready && !woke_early))
        return (int)leave(call, 0);

    int result = end == NULL
        ? REAL(pthread_cond_wait)(cond, mutex)
        : REAL(pthread_cond_timedwait)(cond, mutex, end);
    if (result == 0 && log_gate() == LOG_HOLDS_WOKEN) {
        pthread_mutex_unlock(mutex);
        log_wait_at(LOG_HOLDS_WOKEN);
        pthread_mutex_lock(mutex);
    }
    return (int)leave(call, result);
}

int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    struct call call = { ABOUT(pthread_cond_wait, -1),
                         .failure = FAILS_BY_CODE, .can_be_ready = true,
                         .args = { (int64_t)(intptr_t)cond,
                                   (int64_t)(intptr_t)mutex } };

    return wait_on(&call, cond, mutex, NULL);
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                           const struct timespec *end)
{
    struct call call = { ABOUT(pthread_cond_timedwait, -1),
                         .failure = FAILS_BY_CODE, .can_be_ready = true,
                         .args = { (int64_t)(intptr_t)cond,
                                   (int64_t)(intptr_t)mutex } };

    return wait_on(&call, cond, mutex, end);
}

static int wake(struct call *call, int (*really)(pthread_cond_t *),
                pthread_cond_t *cond)
{
    int result = enter(call) ? really(cond) : call->verdict.fail;

    log_wait_at(LOG_HOLDS_WAKER);
    return (int)leave(call, result);
}

int pthread_cond_signal(pthread_cond_t *cond)
{
    struct call call = { ABOUT(pthread_cond_signal, -1),
                         .failure = FAILS_BY_CODE,
                         .args = { (int64_t)(intptr_t)cond } };

    return wake(&call, REAL(pthread_cond_signal), cond);
}

int pthread_cond_broadcast(pthread_cond_t *cond)
{
    struct call call = { ABOUT(pthread_cond_broadcast, -1),
                         .failure = FAILS_BY_CODE,
                         .args = { (int64_t)(intptr_t)cond } };

    return wake(&call, REAL(pthread_cond_broadcast), cond);
}
