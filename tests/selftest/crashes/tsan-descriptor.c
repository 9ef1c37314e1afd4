#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <unistd.h>

static int fds[2];

static int done;

static void *work(void *argument)
{
    char c;
    recv(fds[0], &c, 1, MSG_DONTWAIT);
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    return argument;
}

int main(void)
{
    pthread_t thread;
    socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    pthread_create(&thread, NULL, work, NULL);
    while (!__atomic_load_n(&done, __ATOMIC_RELAXED))
        sched_yield();
    close(fds[0]);
    pthread_join(thread, NULL);
    return 0;
}
