/*
 * std.c - the descriptors 0, 1 and 2
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "std.h"

void std_reserve(void)
{
    struct stat info;

    /* open gives the lowest free number: in this order, it is fd. */
    for (int fd = 0; fd <= 2; fd++)
        if (fstat(fd, &info) == -1
            && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            err(EXIT_FAILURE, "/dev/null");
}
