/*
 * callers.h - who called: return addresses found on the stack
 */
#ifndef CALLERS_H
#define CALLERS_H

#include <stdbool.h>
#include <stdint.h>

#include "log.h"

/* Find the program's place in memory.  Returns where it was loaded. */
uint64_t callers_begin(void);

/* The outermost frame of a new thread is this one. */
void callers_begin_thread(void *frame);

/*
 * Is this function in the program?  Then it is an entry, see below: what the
 * linker put between two entries is a sanitizer's too.
 */
bool callers_add_entry(uint64_t address);

/* Is this an address in the code that the learner wrote? */
bool callers_is_program(uint64_t address);

/*
 * From now on, also find the program behind libc's stdio.  Allocates; the
 * program pays for it only when it opens such a stream.
 */
void callers_prepare_for_stdio(void);

/*
 * Fill callers with the return addresses of the function that has this frame
 * and of the functions around it, innermost first, 0 where unknown.
 *
 * entry   the function in the program that leads to ours, as the sanitizers
 *         of clang put one there; 0: the program calls us directly
 *
 * The program's own call is found although entry, or libc's stdio, stands
 * between.  Async-signal-safe but for stdio; never reads memory that is not
 * there.
 */
void callers_find(void *frame, uint64_t entry, uint64_t callers[LOG_CALLERS]);

#endif
