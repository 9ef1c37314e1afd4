/*
 * kills-its-parent - a program that kills whoever started it
 *
 * Graded as lesson 04, with the verdict INFRA.
 */
#include <signal.h>
#include <unistd.h>

int main(void)
{
    kill(getppid(), SIGKILL);
    for (;;)
        pause();
}
