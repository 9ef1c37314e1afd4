/*
 * log.c - the log: fixed records in a mapped file, read by the harness
 *
 * A record is reserved by one atomic addition and published by a store to its
 * commit word, so threads and processes write side by side without a lock, and
 * whatever was published survives the death of the program.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(CALLS <= LOG_MAX_CALLS, "the header has no more counters");
_Static_assert(sizeof(struct log_header) == 4096, "as in README.md");
_Static_assert(sizeof(struct log_record) == 128, "as in README.md");

static struct log_header *header;
static struct log_record *records;

/* Asked once per process and thread: a system call each time would cost more
 * than the record itself. */
static _Atomic int32_t own_pid;
static __thread int32_t own_tid __attribute__((tls_model("initial-exec")));

/* Map size bytes of fd.  Returns 0, or -1 with errno set. */
static int map(int fd, size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (p == MAP_FAILED)
        return -1;
    struct log_header *h = p;
    if (memcmp(h->magic, "LOOPBK1", 8) != 0 ||
        size < sizeof *h + (size_t)h->capacity * sizeof *records) {
        errno = EINVAL;
        return -1;
    }
    header = h;
    records = (struct log_record *)(h + 1);
    return 0;
}

/*
 * By raw system calls: open and close are the program's, and a sanitizer that
 * is not awake yet may stand before them.
 */
int log_open(const char *path)
{
    struct stat st;
    int result = -1;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);

    if (fd == -1)
        return -1;
    if (fstat(fd, &st) == 0)
        result = map(fd, (size_t)st.st_size);
    int why = errno;
    syscall(SYS_close, fd);
    errno = why;
    return result;
}

bool log_is_open(void)
{
    return header != NULL;
}

bool log_belongs_to(pid_t pid)
{
    int32_t first = 0;

    if (header == NULL)
        return true;
    return atomic_compare_exchange_strong(&header->owner, &first, pid) ||
           first == pid;
}

void log_close(void)
{
    header = NULL;
}

_Atomic uint32_t *log_matched(int i)
{
    static _Atomic uint32_t own[LOG_MAX_RULES];

    return header == NULL ? &own[i] : &header->matched[i];
}

int64_t log_clock(void)
{
    return header == NULL ? 0 : header->clock;
}

void log_unflushed(size_t bytes)
{
    if (header != NULL)
        header->unflushed = (uint32_t)bytes;
}

enum log_gate log_gate(void)
{
    return header == NULL ? LOG_OPEN : (enum log_gate)header->gate;
}

void log_wait_at(enum log_gate gate)
{
    while (log_gate() == gate)
        syscall(SYS_futex, &header->gate, FUTEX_WAIT, gate, NULL, NULL, 0);
}

void log_forget_ids(void)
{
    own_pid = 0;
    own_tid = 0;
}

/* Say who writes this record, and when. */
static void sign(struct log_record *record)
{
    struct timespec now;

    if (own_pid == 0)
        own_pid = (int32_t)syscall(SYS_getpid);
    if (own_tid == 0)
        own_tid = (int32_t)syscall(SYS_gettid);
    clock_gettime(CLOCK_MONOTONIC, &now);
    record->pid = own_pid;
    record->tid = own_tid;
    record->time = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint32_t log_append(const struct log_record *record)
{
    if (header == NULL)
        return 0;
    bool is_event = record->phase == LOG_NOTE &&
                    call_kinds[record->call].class == CLASS_EVENT;
    if (record->phase == LOG_ENTER || is_event)
        atomic_fetch_add(&header->entered[record->call], 1);

    uint32_t index = atomic_fetch_add(&header->next, 1);
    if (index < header->capacity) {
        struct log_record *slot = &records[index];
        /* All but the commit word, which goes last. */
        size_t skip = offsetof(struct log_record, call);
        memcpy((char *)slot + skip, (const char *)record + skip,
               sizeof *slot - skip);
        sign(slot);
        atomic_store(&slot->commit, index + 1);
    }
    return index;
}
