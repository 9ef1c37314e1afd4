/*
 * megabyte - a program that prints a megabyte, and ends
 *
 * Graded as lesson 04, with the verdict FAIL.
 */
#include <stdio.h>

int main(void)
{
    for (int i = 0; i < 1 << 16; i++)
        puts("listening on 7");
    return 0;
}
