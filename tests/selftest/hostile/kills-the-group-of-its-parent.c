/*
 * kills-the-group-of-its-parent - a program that kills the process group of its parent
 *
 * Graded as lesson 04, with the verdict INFRA.
 */
#include <signal.h>
#include <unistd.h>

int main(void)
{
    kill(-getpgid(getppid()), SIGKILL);
    for (;;)
        pause();
}
