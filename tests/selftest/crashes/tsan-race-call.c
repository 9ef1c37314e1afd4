#include <pthread.h>
#include <sched.h>
#include <string.h>

static char name[16];

static int done;

static void *use(void *argument)
{
    const char *text = argument;
    memcpy(name, text, strlen(text) + 1);
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    pthread_create(&thread, NULL, use, argc > 5 ? argv[5] : "Tracy");
    while (!__atomic_load_n(&done, __ATOMIC_RELAXED))
        sched_yield();
    memcpy(name, "Michael Bob", (size_t)argc + 7);
    pthread_join(thread, NULL);
    return name[0] == 7;
}
