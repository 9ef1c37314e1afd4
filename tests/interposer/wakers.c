/*
 * wakers.c - calls that wake somebody: signals, semaphores, eventfds
 */
#include "interpose.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/eventfd.h>

WRAP(int, kill, (pid_t pid, int signal), (pid, signal),
     .fd = -1, .args = { pid, signal })

WRAP(int, pthread_kill, (pthread_t thread, int signal), (thread, signal),
     .fd = -1, .args = { signal, (int64_t)thread })

WRAP(int, raise, (int signal), (signal), .fd = -1, .args = { signal })

WRAP(int, sem_post, (sem_t *semaphore), (semaphore), .fd = -1,
     .only_if_touched = true, .args = { (int64_t)(intptr_t)semaphore })

WRAP(int, eventfd, (unsigned count, int flags), (count, flags), .fd = -1,
     .args = { count, flags })

WRAP(int, eventfd_write, (int fd, eventfd_t value), (fd, value), .fd = fd,
     .only_if_touched = true, .args = { fd, (int64_t)value })
