/*
 * slow.c - a thread that is slow to go on
 *
 * A thread may lose its processor at any time.  Here it does so on purpose,
 * after a call that wakes somebody, for as long as that somebody has something
 * to do: until every other thread of the process sleeps in the kernel.  That is
 * seen, not guessed, in /proc/self/task.
 */
#include "interpose.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_LOOKS 5000         /* then it goes on whatever the others do */
#define AT_REST    2            /* looks in a row that find nobody at work */

struct entry {                  /* as getdents64(2) gives it */
    uint64_t inode;
    int64_t next;
    unsigned short size;
    unsigned char type;
    char name[];
};

/* Threads that are slow now: awake, but waiting for the others like us. */
static _Atomic int slow_ones;

/* Is this thread, an entry of /proc/self/task, about to do something? */
static bool is_at_work(const char *thread)
{
    char path[64] = "/proc/self/task/", text[256];

    strcat(strcat(path, thread), "/stat");
    text[read_whole_file(path, text, sizeof text)] = '\0';
    const char *state = strrchr(text, ')');
    return state != NULL && state[1] == ' ' && state[2] == 'R';
}

/* Count the threads of this process that are at work, ourselves included. */
static int threads_at_work(void)
{
    _Alignas(struct entry) char entries[2048];
    long got, count = 0;
    long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/task",
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd == -1)
        return 0;
    while ((got = syscall(SYS_getdents64, fd, entries, sizeof entries)) > 0)
        for (long at = 0; at < got; ) {
            struct entry *entry = (struct entry *)(entries + at);
            if (entry->name[0] != '.')
                count += is_at_work(entry->name);
            at += entry->size;
        }
    syscall(SYS_close, fd);
    return (int)count;
}

void let_others_run(void)
{
    int quiet = 0;

    slow_ones++;
    for (int i = 0; i < MOST_LOOKS && quiet < AT_REST; i++) {
        quiet = threads_at_work() <= slow_ones ? quiet + 1 : 0;
        if (quiet < AT_REST)
            sched_yield();
    }
    slow_ones--;
}
