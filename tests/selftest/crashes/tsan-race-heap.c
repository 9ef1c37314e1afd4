#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

struct server {
    int active;
    int served;
};

static int done;

static void *count(void *argument)
{
    struct server *server = argument;
    server->served++;
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    struct server *server = calloc(1, sizeof *server);
    pthread_create(&thread, NULL, count, server);
    while (!__atomic_load_n(&done, __ATOMIC_RELAXED))
        sched_yield();
    int n = server->served;
    pthread_join(thread, NULL);
    free(server);
    return n == 7;
}
