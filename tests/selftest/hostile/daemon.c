/*
 * daemon - a program that leaves a daemon behind, which keeps its pipes open
 *
 * Graded as lesson 04, with the verdict FAIL.
 */
#include <signal.h>
#include <unistd.h>

int main(void)
{
    if (fork() > 0)
        return 0;
    setsid();
    if (fork() > 0)
        return 0;
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    for (;;)
        pause();
}
