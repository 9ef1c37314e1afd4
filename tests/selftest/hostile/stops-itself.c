/*
 * stops-itself - a program that stops itself
 *
 * Graded as lesson 04, with the verdict TIMEOUT.
 */
#include <signal.h>

int main(void)
{
    for (;;)
        raise(SIGSTOP);
}
