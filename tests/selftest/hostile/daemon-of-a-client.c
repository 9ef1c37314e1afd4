/*
 * daemon-of-a-client - a client that leaves a daemon behind in each run
 *
 * Graded as lesson 01, with the verdict FAIL.
 */
#include <unistd.h>

int main(void)
{
    if (fork() > 0)
        return 2;
    setsid();
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    for (;;)
        pause();
}
