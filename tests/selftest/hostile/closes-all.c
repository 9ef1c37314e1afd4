/*
 * closes-all - a program that closes every descriptor it has
 *
 * Graded as lesson 04, with the verdict TIMEOUT.
 */
#include <unistd.h>

int main(void)
{
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    for (;;)
        pause();
}
