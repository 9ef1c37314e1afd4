/*
 * truncates-its-log - a program that cuts off what is noted of it
 *
 * Graded as lesson 04, with the verdict INFRA.
 */
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
    const char *path = getenv("LOOPBACK_LOG");

    if (path && truncate(path, 0) == -1)
        return 1;
    return 0;
}
