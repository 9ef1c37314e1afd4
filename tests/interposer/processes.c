/*
 * processes.c - processes: how they begin and end
 */
#include "interpose.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
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

int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    struct call call = { ABOUT(waitid, -1), .args = { (int64_t)id, 0,
                                                      options } };
    int result = -1;

    if (enter(&call))
        result = REAL(waitid)(type, id, info, options);
    if (result == 0 && info != NULL)
        call.args[1] = info->si_pid;
    return (int)leave(&call, result);
}

pid_t wait3(int *status, int options, struct rusage *usage)
{
    struct call call = { ABOUT(wait3, -1), .args = { -1, 0, options } };
    pid_t result = -1;

    if (enter(&call))
        result = REAL(wait3)(status, options, usage);
    return leave_wait(&call, result, status);
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    struct call call = { ABOUT(wait4, -1), .args = { pid, 0, options } };
    pid_t result = -1;

    if (enter(&call))
        result = REAL(wait4)(pid, status, options, usage);
    return leave_wait(&call, result, status);
}

/* They never leave, so only their entering is written. */

void exit(int status)
{
    struct call call = { ABOUT(exit, -1), .args = { status } };

    enter(&call);
    scrub_stack();
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
