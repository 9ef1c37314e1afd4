/*
 * exit-97 - a program that ends like one with a bad plan
 *
 * Graded as lesson 04, with the verdict FAIL.
 */
#include <unistd.h>

int main(void)
{
    _exit(97);
}
