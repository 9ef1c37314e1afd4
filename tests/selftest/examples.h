/* What the examples of the hints take for declared: see examples.py. */
#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "line.h"
#include "stream.h"
#include "todo.h"

struct note {
    struct note *next;
    char *text;
    int number;
};

struct word {
    const struct word *next;
    const char *text;
};

struct book {
    pthread_mutex_t lock;
    int amount;
    long best;
};

struct item {
    int number;
};

extern int fd, rc, count, limit, log_fd, digit, wanted, has_helper;
extern char buf[4096], line[4096], name[64], label[64];
extern const char *path, *text, *title, *words[8], *argument;
extern unsigned char bytes[64], byte;
extern size_t len, used, size, number, room;
extern const char *at, *end;
extern long total, value;
extern uint32_t colour;
extern int n;
extern pid_t child;
extern FILE *from, *to, *file;
extern struct addrinfo *a;
extern struct note *head, *note;
extern struct book *book, *debit, *credit, *stats;
extern pthread_t helper;
extern pthread_mutex_t lock;
extern pthread_cond_t changed;
extern struct { long low, high; } range;
extern int stored;
enum { LIMIT = 100, MAX_ITEMS = 100, MAX_STORED = 8 };
void use(const void *it);

