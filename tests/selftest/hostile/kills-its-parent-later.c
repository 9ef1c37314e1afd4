/*
 * kills-its-parent-later - a program that leaves a child, which kills the
 * one who runs the checks once this program is gone
 *
 * Graded as lesson 04, with the verdict INFRA, FAIL, LEFTOVER.
 */
#include <signal.h>
#include <unistd.h>

int main(void)
{
    pid_t tester = getppid();

    switch (fork()) {
    case 0:
        while (getppid() != tester)     /* the tester adopts us */
            usleep(100);
        kill(tester, SIGKILL);
        return 0;
    default:
        return 0;
    }
}
