/*
 * ignores-sigterm - a program that no polite signal ends
 *
 * Graded as lesson 04, with the verdict TIMEOUT.
 */
#include <signal.h>
#include <unistd.h>

int main(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (;;)
        pause();
}
