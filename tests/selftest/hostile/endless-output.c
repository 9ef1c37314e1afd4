/*
 * endless-output - a program that prints without end
 *
 * Graded as lesson 04, with the verdict LIMIT.
 */
#include <unistd.h>

int main(void)
{
    static char line[4096];

    for (;;)
        if (write(STDOUT_FILENO, line, sizeof line) == -1)
            return 1;
}
