/*
 * kills-the-group-of-its-parent - it kills the process group of its parent
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
