#include <pthread.h>
#include <sched.h>

static long served;

static int done;

static void *count(void *unused)
{
    served++;
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, count, NULL);
    while (!__atomic_load_n(&done, __ATOMIC_RELAXED))
        sched_yield();
    served++;
    pthread_join(thread, NULL);
    return served == 7;
}
