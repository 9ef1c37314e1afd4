/*
 * sleeps - a program that sleeps for ever
 *
 * Graded as lesson 04, with the verdict TIMEOUT.
 */
#include <unistd.h>

int main(void)
{
    for (;;)
        sleep(1000);
}
