/*
 * threads.c - threads, conditions, and the holding back of one
 *
 * Every thread starts in run(), which writes thread_start.  While the harness
 * keeps the gate closed for them, new threads wait there.  A program that gives
 * each thread its own argument does not mind; one that gives several of them
 * the same variable is found out, without luck.
 */
#include "interpose.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "callers.h"

#define MAX_STARTING 256        /* threads created but not running yet */

struct start {
    _Atomic bool taken;
    void *(*routine)(void *);
    void *argument;
    pid_t creator;              /* the thread that created it */
};

static struct start starts[MAX_STARTING];

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

static void *run(void *argument)
{
    struct start start = *(struct start *)argument;
    struct call call = { .number = CALL_thread_start, .fd = -1,
                         .args = { (int64_t)(intptr_t)start.routine,
                                   start.creator } };

    callers_begin_thread(__builtin_frame_address(0));
    ((struct start *)argument)->taken = false;
    log_wait_at(LOG_HOLDS_NEW);
    note(&call, 0);
    return start.routine(start.argument);
}

/* What errno is after a failure is nobody's business: not what it was. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*routine)(void *), void *argument)
{
    struct call call = { ABOUT(pthread_create, -1),
                         .args = { (int64_t)(intptr_t)routine,
                                   (int64_t)(intptr_t)argument } };
    int result = 0;

    if (!main_has_begun())      /* a sanitizer makes a thread for itself */
        return REAL(pthread_create)(thread, attributes, routine, argument);
    if (!enter(&call)) {
        errno = ENOTTY;
        return (int)leave(&call, call.verdict.fail);
    }
    struct start *start = take_start();
    if (start == NULL)
        return (int)leave(&call, REAL(pthread_create)(thread, attributes,
                                                      routine, argument));
    start->routine = routine;
    start->argument = argument;
    start->creator = (pid_t)syscall(SYS_gettid);
    result = REAL(pthread_create)(thread, attributes, run, start);
    if (result != 0)
        start->taken = false;
    return (int)leave(&call, result);
}

WRAP(int, pthread_join, (pthread_t thread, void **value), (thread, value),
     .fd = -1, .args = { (int64_t)thread })

WRAP(int, pthread_detach, (pthread_t thread), (thread),
     .fd = -1, .args = { (int64_t)thread })

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
    struct call call = { ABOUT(pthread_cond_wait, -1), .can_be_ready = true,
                         .args = { (int64_t)(intptr_t)cond,
                                   (int64_t)(intptr_t)mutex } };

    return wait_on(&call, cond, mutex, NULL);
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                           const struct timespec *end)
{
    struct call call = { ABOUT(pthread_cond_timedwait, -1),
                         .can_be_ready = true,
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
                         .args = { (int64_t)(intptr_t)cond } };

    return wake(&call, REAL(pthread_cond_signal), cond);
}

int pthread_cond_broadcast(pthread_cond_t *cond)
{
    struct call call = { ABOUT(pthread_cond_broadcast, -1),
                         .args = { (int64_t)(intptr_t)cond } };

    return wake(&call, REAL(pthread_cond_broadcast), cond);
}
