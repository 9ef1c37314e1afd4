/*
 * todo.h - the place of a step that is not written yet
 */
#ifndef TODO_H
#define TODO_H

#define TODO_STATUS 86      /* exit status of a program that meets a todo */

/*
 * Stand in for step number "step": say on stderr where the step is missing
 * and exit with TODO_STATUS.  Replace each todo(...) by your own code; when
 * the last one is gone, remove the #include as well.
 *
 * Never returns; it has a value only so that "int fd = todo(2);" compiles.
 */
#define todo(step) todo_at(__FILE__, __LINE__, step)

int todo_at(const char *file, int line, int step) __attribute__((noreturn));

/*
 * A step that is not written yet uses nothing of what was prepared for it.
 * That is no news, so the compiler keeps it back as long as a file includes
 * this header.
 */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-function"

#endif
