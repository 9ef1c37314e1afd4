/*
 * aborts - a program that aborts
 *
 * Graded as lesson 04, with the verdict CRASH.
 */
#include <stdlib.h>

int main(void)
{
    abort();
}
