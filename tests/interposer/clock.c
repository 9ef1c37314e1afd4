/*
 * clock.c - the clock on the wall, which the harness can move on
 *
 * Only what tells the time of day is moved; CLOCK_MONOTONIC, which measures how
 * long something takes, goes as it goes.  These calls are not logged.
 */
#include "interpose.h"

#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

time_t time(time_t *result)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (result != NULL)
        *result = now.tv_sec;
    return now.tv_sec;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*next)(clockid_t, struct timespec *);

    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    int rc = next(clock, now);
    if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += log_clock();
    return rc;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec time;

    (void)zone;                     /* obsolete, see gettimeofday(2) */
    int rc = clock_gettime(CLOCK_REALTIME, &time);
    if (rc == 0)
        *now = (struct timeval){ time.tv_sec, time.tv_nsec / 1000 };
    return rc;
}

int timespec_get(struct timespec *now, int base)
{
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0
        ? base : 0;
}
