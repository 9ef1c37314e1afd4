/*
 * early-exit - a program that ends with success before main
 *
 * Graded as lesson 04, with the verdict FAIL.
 */
#include <stdlib.h>

static void leave(void) __attribute__((constructor));

static void leave(void)
{
    exit(0);
}

int main(void)
{
    return 1;
}
