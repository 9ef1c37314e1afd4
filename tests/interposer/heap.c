/*
 * heap.c - memory that is not to be had
 *
 * The program's own calls of malloc, calloc and realloc can fail; libc's and a
 * sanitizer's never do.  Without such a rule in the plan these functions are
 * not there at all: they jump on to the next ones, and leave no frame behind
 * by which a sanitizer could tell them from the caller.
 */
#include "interpose.h"

#include <errno.h>
#include <stdlib.h>

#include "callers.h"

static bool is_watched;

void heap_begin(void)
{
    is_watched = plan_mentions(CALL_malloc, PLAN_FAIL) ||
                 plan_mentions(CALL_calloc, PLAN_FAIL) ||
                 plan_mentions(CALL_realloc, PLAN_FAIL);
}

/* Is it the program that calls the function which asks this? */
#define PROGRAM_CALLS()                                                 \
    callers_is_program((uint64_t)(uintptr_t)__builtin_return_address(0))

void *malloc(size_t size)
{
    if (!is_watched || !PROGRAM_CALLS())
        return REAL(malloc)(size);
    struct call call = { ABOUT(malloc, -1), .only_if_touched = true,
                         .args = { (int64_t)size } };
    void *result = enter(&call) ? REAL(malloc)(size) : NULL;
    leave(&call, (int64_t)(intptr_t)result);
    return result;
}

void *calloc(size_t count, size_t size)
{
    if (!is_watched || !PROGRAM_CALLS())
        return REAL(calloc)(count, size);
    struct call call = { ABOUT(calloc, -1), .only_if_touched = true,
                         .args = { (int64_t)count, (int64_t)size } };
    void *result = enter(&call) ? REAL(calloc)(count, size) : NULL;
    leave(&call, (int64_t)(intptr_t)result);
    return result;
}

/* One that fails leaves the old memory as it is. */
void *realloc(void *old, size_t size)
{
    if (!is_watched || !PROGRAM_CALLS())
        return REAL(realloc)(old, size);
    struct call call = { ABOUT(realloc, -1), .only_if_touched = true,
                         .args = { (int64_t)(intptr_t)old, (int64_t)size } };
    void *result = enter(&call) ? REAL(realloc)(old, size) : NULL;
    leave(&call, (int64_t)(intptr_t)result);
    return result;
}
