/*
 * kills-its-group - a program that kills its process group
 *
 * Graded as lesson 04, with the verdict CRASH.
 */
#include <signal.h>
#include <unistd.h>

int main(void)
{
    kill(0, SIGKILL);
    pause();
}
