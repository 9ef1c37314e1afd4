/*
 * endless-complaint - a program that complains without end
 *
 * Graded as lesson 04, with the verdict LIMIT.
 */
#include <stdio.h>

int main(void)
{
    for (;;)
        fputs("upperd: accept: Success\n", stderr);
}
