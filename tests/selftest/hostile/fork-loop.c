/*
 * fork-loop - a program that forks on and on, up to a bound of its own
 *
 * Graded as lesson 04, with the verdict LIMIT.
 */
#include <unistd.h>

int main(void)
{
    for (int depth = 0; depth < 7; depth++)     /* 128 processes */
        fork();
    for (;;)
        pause();
}
