/*
 * slips-away - a program that starts itself again without its watcher
 *
 * Graded as lesson 04, with the verdict TIMEOUT.
 */
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (getenv("LD_PRELOAD") == NULL) {
        for (;;)
            pause();
    }
    clearenv();
    execv("/proc/self/exe", argv);
    return argc;
}
