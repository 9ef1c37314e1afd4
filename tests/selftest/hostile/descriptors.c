/*
 * descriptors - a program that opens files until it may not
 *
 * Graded as lesson 04, with the verdict TIMEOUT.
 */
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
    for (int i = 0; i < 1 << 16 && open("/dev/null", O_RDONLY) != -1; i++)
        ;
    for (;;)
        pause();
}
