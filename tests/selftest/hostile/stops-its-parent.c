/*
 * stops-its-parent - a program that stops whoever started it, as Ctrl-Z would
 *
 * Graded as lesson 04, with the verdict INFRA.
 */
#include <signal.h>
#include <unistd.h>

int main(void)
{
    kill(getppid(), SIGSTOP);
    for (;;)
        pause();
}
