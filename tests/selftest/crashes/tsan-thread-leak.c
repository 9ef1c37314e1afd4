#include <pthread.h>
#include <semaphore.h>

static sem_t done;

static void *work(void *argument)
{
    sem_post(&done);
    return argument;
}

int main(void)
{
    sem_init(&done, 0, 0);
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, work, NULL);
        sem_wait(&done);
    }
    return 0;
}
