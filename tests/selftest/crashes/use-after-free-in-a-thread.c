#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static int ends[2];

static void *use(void *argument)
{
    int *fd = argument;
    char byte;
    if (read(ends[0], &byte, 1) != 1)
        return NULL;
    *fd = byte;
    return NULL;
}

int main(void)
{
    pthread_t thread;
    int *fd = malloc(sizeof *fd);
    if (fd == NULL || pipe(ends) == -1)
        return 1;
    pthread_create(&thread, NULL, use, fd);
    free(fd);
    if (write(ends[1], "", 1) != 1)
        return 1;
    pthread_join(thread, NULL);
    return 0;
}
