#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

static int done;

static void *use(void *argument)
{
    int *fd = argument;
    int n = *fd;
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    return n == 9 ? argument : NULL;
}

int main(void)
{
    pthread_t thread;
    int *fd = malloc(sizeof *fd);
    *fd = 4;
    pthread_create(&thread, NULL, use, fd);
    while (!__atomic_load_n(&done, __ATOMIC_RELAXED))
        sched_yield();
    free(fd);
    pthread_join(thread, NULL);
    return 0;
}
