#include <pthread.h>
#include <sched.h>
#include <unistd.h>

static char buf[64];

static int done;

static void *fill(void *unused)
{
    for (int i = 0; i < 9; i++)
        buf[8 + i] = 'a';
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    return unused;
}

int main(void)
{
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, fill, NULL);
    while (!__atomic_load_n(&done, __ATOMIC_RELAXED))
        sched_yield();
    pthread_create(&threads[1], NULL, fill, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return buf[0] == 7;
}
