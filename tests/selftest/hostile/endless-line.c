/*
 * endless-line - a program whose ready line never ends
 *
 * Graded as lesson 04, with the verdict TIMEOUT.
 */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    printf("listening on ");
    for (int i = 0; i < 1 << 20; i++)
        putchar('1');
    fflush(stdout);
    pause();
}
