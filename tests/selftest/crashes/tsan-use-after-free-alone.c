#include <stdlib.h>

static int use(const int *fd)
{
    return *fd == 9;
}

int main(void)
{
    int *volatile fd = malloc(sizeof *fd);
    *fd = 4;
    free(fd);
    return use(fd);
}
