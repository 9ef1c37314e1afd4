/*
 * handlers.c - signal handlers, and what must not be called in one
 *
 * Where the program installs a handler, ours is installed in its place: it
 * calls the program's and writes down when, and what became of errno.  The
 * functions of stdio, err(3) and some others pass through here only to be
 * logged when a handler calls them, which signal-safety(7) forbids.
 */
#define __NO_INLINE__ 1 /* of stdio.h: its functions are to be ours */

#include "interpose.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/* errno while a handler runs: a value that no call sets, so that any change
 * is seen, whatever errno was before. */
#define UNTOUCHED 4095

static _Atomic uintptr_t handlers[NSIG];        /* the program's own */
static __thread int depth __attribute__((tls_model("initial-exec")));

static void begin_handler(struct call *call, int number)
{
    *call = (struct call){ ABOUT(handler, -1), .args = { number } };
    enter(call);
    depth++;
    errno = UNTOUCHED;
}

/* args[1] and [2] of the leave record are errno before and after. */
static void end_handler(struct call *call)
{
    int after = errno == UNTOUCHED ? call->errno_before : errno;

    depth--;
    call->args[1] = call->errno_before;
    call->args[2] = after;
    leave(call, 0);
    errno = after;
}

static void run(int number)
{
    struct call call;

    begin_handler(&call, number);
    ((void (*)(int))handlers[number])(number);
    end_handler(&call);
}

static void run_with_info(int number, siginfo_t *info, void *context)
{
    struct call call;

    begin_handler(&call, number);
    ((void (*)(int, siginfo_t *, void *))handlers[number])(number, info,
                                                           context);
    end_handler(&call);
}

static bool is_ours(sighandler_t handler)
{
    return handler == run || handler == (sighandler_t)(uintptr_t)run_with_info;
}

/* Is this a function of the program's?  A sanitizer may hand us our own. */
static bool is_to_replace(int number, sighandler_t handler)
{
    return number > 0 && number < NSIG && handler != SIG_DFL &&
           handler != SIG_IGN && handler != SIG_ERR && !is_ours(handler);
}

/*
 * Note the program's handler of a signal before ours is installed.  Returns
 * the one it had.
 */
static sighandler_t replace(int number, sighandler_t handler)
{
    return (sighandler_t)atomic_exchange(&handlers[number],
                                         (uintptr_t)handler);
}

sighandler_t signal(int number, sighandler_t handler)
{
    struct call call = { ABOUT(signal, -1),
                         .args = { number, (int64_t)(intptr_t)handler } };
    sighandler_t result = SIG_ERR, before = SIG_DFL;

    if (number > 0 && number < NSIG)
        before = (sighandler_t)handlers[number];
    if (enter(&call)) {
        bool replaced = is_to_replace(number, handler);
        if (replaced)
            replace(number, handler);
        result = REAL(signal)(number, replaced ? run : handler);
        if (is_ours(result))
            result = before;
    }
    return (sighandler_t)(intptr_t)leave(&call, (int64_t)(intptr_t)result);
}

/* sigaction(2) with our handler in place of the program's. */
static int act(int number, const struct sigaction *action,
               struct sigaction *old)
{
    struct sigaction ours = *action;

    replace(number, action->sa_handler);
    if (action->sa_flags & SA_SIGINFO)
        ours.sa_sigaction = run_with_info;
    else
        ours.sa_handler = run;
    return REAL(sigaction)(number, &ours, old);
}

/* args[1] is the handler, or -1 when the program only asks. */
int sigaction(int number, const struct sigaction *action,
              struct sigaction *old)
{
    struct call call = { ABOUT(sigaction, -1), .args = { number, -1, 0 } };
    sighandler_t before = SIG_DFL;
    int result = -1;

    if (number > 0 && number < NSIG)
        before = (sighandler_t)handlers[number];
    if (action != NULL) {
        call.args[1] = (int64_t)(intptr_t)action->sa_handler;
        call.args[2] = action->sa_flags;
    }
    if (enter(&call)) {
        if (action != NULL && is_to_replace(number, action->sa_handler))
            result = act(number, action, old);
        else
            result = REAL(sigaction)(number, action, old);
        if (result == 0 && old != NULL && is_ours(old->sa_handler))
            old->sa_handler = before;
    }
    return (int)leave(&call, result);
}

/* What a handler must not call: logged there, and only there. */

static void begin_unsafe(struct call *call)
{
    if (depth > 0)
        enter(call);
}

static void end_unsafe(struct call *call, int result)
{
    if (depth > 0)
        leave(call, result);
}

/* The body of a function that returns an int. */
#define UNSAFE(name, work)                                              \
    struct call call = { ABOUT(name, -1) };                             \
    begin_unsafe(&call);                                                \
    int result = (work);                                                \
    end_unsafe(&call, result);                                          \
    return result

/* The same for one with variable arguments, done by one that takes a list. */
#define UNSAFE_LIST(name, last, work)                                   \
    struct call call = { ABOUT(name, -1) };                             \
    va_list list;                                                       \
    va_start(list, last);                                               \
    begin_unsafe(&call);                                                \
    int result = (work);                                                \
    end_unsafe(&call, result);                                          \
    va_end(list);                                                       \
    return result

int vprintf(const char *format, va_list list)
{
    UNSAFE(vprintf, REAL(vprintf)(format, list));
}

int vfprintf(FILE *file, const char *format, va_list list)
{
    UNSAFE(vfprintf, REAL(vfprintf)(file, format, list));
}

int printf(const char *format, ...)
{
    UNSAFE_LIST(printf, format, REAL(vprintf)(format, list));
}

int fprintf(FILE *file, const char *format, ...)
{
    UNSAFE_LIST(fprintf, format, REAL(vfprintf)(file, format, list));
}

int vdprintf(int fd, const char *format, va_list list)
{
    UNSAFE(vdprintf, REAL(vdprintf)(fd, format, list));
}

int dprintf(int fd, const char *format, ...)
{
    UNSAFE_LIST(dprintf, format, REAL(vdprintf)(fd, format, list));
}

int vsnprintf(char *text, size_t room, const char *format, va_list list)
{
    UNSAFE(vsnprintf, REAL(vsnprintf)(text, room, format, list));
}

int snprintf(char *text, size_t room, const char *format, ...)
{
    UNSAFE_LIST(snprintf, format, REAL(vsnprintf)(text, room, format, list));
}

/* The fortified names of some; nobody but this file calls them so. */

int __printf_chk(int flag, const char *format, ...);
int __fprintf_chk(FILE *file, int flag, const char *format, ...);
int __snprintf_chk(char *text, size_t room, int flag, size_t size,
                   const char *format, ...);

int __snprintf_chk(char *text, size_t room, int flag, size_t size,
                   const char *format, ...)
{
    (void)flag;
    need_room(room, size);
    UNSAFE_LIST(snprintf, format, REAL(vsnprintf)(text, room, format, list));
}

int __printf_chk(int flag, const char *format, ...)
{
    (void)flag;
    UNSAFE_LIST(printf, format, REAL(vprintf)(format, list));
}

int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
    (void)flag;
    UNSAFE_LIST(fprintf, format, REAL(vfprintf)(file, format, list));
}

/* The body of a function that returns a text. */
#define UNSAFE_TEXT(name, work)                                         \
    struct call call = { ABOUT(name, -1) };                             \
    begin_unsafe(&call);                                                \
    char *result = (work);                                              \
    end_unsafe(&call, 0);                                               \
    return result

char *strsignal(int number)
{
    UNSAFE_TEXT(strsignal, REAL(strsignal)(number));
}

char *strerror(int number)
{
    UNSAFE_TEXT(strerror, REAL(strerror)(number));
}

int puts(const char *text)
{
    UNSAFE(puts, REAL(puts)(text));
}

int putchar(int byte)
{
    UNSAFE(putchar, REAL(putchar)(byte));
}

int fputs(const char *text, FILE *file)
{
    UNSAFE(fputs, REAL(fputs)(text, file));
}

int fputc(int byte, FILE *file)
{
    UNSAFE(fputc, REAL(fputc)(byte, file));
}

size_t fwrite(const void *data, size_t size, size_t count, FILE *file)
{
    struct call call = { ABOUT(fwrite, -1) };

    begin_unsafe(&call);
    size_t written = REAL(fwrite)(data, size, count, file);
    end_unsafe(&call, (int)written);
    return written;
}

int fflush(FILE *file)
{
    UNSAFE(fflush, REAL(fflush)(file));
}

/* The body of a function that returns nothing, or not at all. */
#define UNSAFE_VOID(name, work)                                         \
    struct call call = { ABOUT(name, -1) };                             \
    begin_unsafe(&call);                                                \
    (work);                                                             \
    end_unsafe(&call, 0)

#define UNSAFE_VOID_LIST(name, last, work)                              \
    va_list list;                                                       \
    va_start(list, last);                                               \
    UNSAFE_VOID(name, work);                                            \
    va_end(list)

void perror(const char *text)
{
    UNSAFE_VOID(perror, REAL(perror)(text));
}

void vwarn(const char *format, va_list list)
{
    UNSAFE_VOID(vwarn, REAL(vwarn)(format, list));
}

void vwarnx(const char *format, va_list list)
{
    UNSAFE_VOID(vwarnx, REAL(vwarnx)(format, list));
}

void warn(const char *format, ...)
{
    UNSAFE_VOID_LIST(warn, format, REAL(vwarn)(format, list));
}

void warnx(const char *format, ...)
{
    UNSAFE_VOID_LIST(warnx, format, REAL(vwarnx)(format, list));
}

void verr(int status, const char *format, va_list list)
{
    UNSAFE_VOID(verr, REAL(verr)(status, format, list));
    __builtin_unreachable();
}

void verrx(int status, const char *format, va_list list)
{
    UNSAFE_VOID(verrx, REAL(verrx)(status, format, list));
    __builtin_unreachable();
}

void err(int status, const char *format, ...)
{
    UNSAFE_VOID_LIST(err, format, REAL(verr)(status, format, list));
    __builtin_unreachable();
}

void errx(int status, const char *format, ...)
{
    UNSAFE_VOID_LIST(errx, format, REAL(verrx)(status, format, list));
    __builtin_unreachable();
}

void vsyslog(int priority, const char *format, va_list list)
{
    UNSAFE_VOID(vsyslog, REAL(vsyslog)(priority, format, list));
}

void syslog(int priority, const char *format, ...)
{
    UNSAFE_VOID_LIST(syslog, format, REAL(vsyslog)(priority, format, list));
}
