/*
 * processes.c - processes and signals
 */
#include "interpose.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * fork returns twice: the parent's return is the leave record, the child's a
 * note with the result 0.
 */
pid_t fork(void)
{
    struct call call = { ABOUT(fork, -1), .args = { getpid() } };
    pid_t result = -1;

    if (enter(&call))
        result = REAL(fork)();
    if (result != 0)
        return (pid_t)leave(&call, result);
    int saved = errno;
    note(&call, 0);
    errno = saved;
    return 0;
}

/* The child's status, where the caller wants it, is args[1] of the leave. */
static pid_t leave_wait(struct call *call, pid_t result, const int *status)
{
    call->args[1] = result > 0 && status != NULL ? *status : 0;
    return (pid_t)leave(call, result);
}

pid_t wait(int *status)
{
    struct call call = { ABOUT(wait, -1), .args = { -1 } };
    pid_t result = -1;

    if (enter(&call))
        result = REAL(wait)(status);
    return leave_wait(&call, result, status);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    struct call call = { ABOUT(waitpid, -1), .args = { pid, 0, options } };
    pid_t result = -1;

    if (enter(&call))
        result = REAL(waitpid)(pid, status, options);
    return leave_wait(&call, result, status);
}

sighandler_t signal(int number, sighandler_t handler)
{
    struct call call = { ABOUT(signal, -1),
                         .args = { number, (int64_t)(intptr_t)handler } };
    sighandler_t result = SIG_ERR;

    if (enter(&call))
        result = REAL(signal)(number, handler);
    return (sighandler_t)(intptr_t)leave(&call, (int64_t)(intptr_t)result);
}

/* args[1] is the handler, or -1 when the program only asks. */
int sigaction(int number, const struct sigaction *action,
              struct sigaction *old)
{
    struct call call = { ABOUT(sigaction, -1), .args = { number, -1, 0 } };
    int result = -1;

    if (action != NULL) {
        call.args[1] = (int64_t)(intptr_t)action->sa_handler;
        call.args[2] = action->sa_flags;
    }
    if (enter(&call))
        result = REAL(sigaction)(number, action, old);
    return (int)leave(&call, result);
}

/* They never leave, so only their entering is written. */

void exit(int status)
{
    struct call call = { ABOUT(exit, -1), .args = { status } };

    enter(&call);
    REAL(exit)(status);
    __builtin_unreachable();
}

void _exit(int status)
{
    struct call call = { ABOUT(_exit, -1), .args = { status } };

    enter(&call);
    REAL(_exit)(status);
    __builtin_unreachable();
}
