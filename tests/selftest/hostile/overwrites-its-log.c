/*
 * overwrites-its-log - a program that writes over what is noted of it
 *
 * Graded as lesson 04, with the verdict INFRA, FAIL.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    static char noise[1 << 16];
    const char *path = getenv("LOOPBACK_LOG");
    int fd = open(path ? path : "/dev/null", O_WRONLY);

    memset(noise, 0xa5, sizeof noise);
    for (int i = 0; i < 64; i++)
        pwrite(fd, noise, sizeof noise, (off_t)i * (off_t)sizeof noise);
    return 0;
}
