/*
 * exit-86 - a program that ends like one with a step to do
 *
 * Graded as lesson 04, with the verdict UNTOUCHED.
 */
#include <unistd.h>

int main(void)
{
    _exit(86);
}
