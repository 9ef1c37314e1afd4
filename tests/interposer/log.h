/*
 * log.h - the log: fixed records in a mapped file, read by the harness
 *
 * README.md is the contract of this format.  Everything here but log_open()
 * is async-signal-safe and thread-safe, allocates nothing, and may change
 * errno.  Without an open log each function does nothing.
 */
#ifndef LOG_H
#define LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "calls.h"

#define LOG_MAX_CALLS 128       /* room for counters in the header */
#define LOG_CALLERS   3         /* return addresses kept of a call */
#define LOG_DATA      32        /* bytes kept of what a call moved */
#define LOG_MAX_RULES 32        /* room for counters of the plan's rules */

enum log_phase { LOG_ENTER = 1, LOG_LEAVE, LOG_NOTE };
enum log_gate {
    LOG_OPEN, LOG_HOLDS_WOKEN, LOG_HOLDS_WAKER, LOG_HOLDS_NEW
};

struct log_header {
    char magic[8];
    uint32_t capacity;                  /* records */
    _Atomic uint32_t next;              /* records reserved, room or not */
    _Atomic uint32_t gate;              /* enum log_gate; set by the harness */
    _Atomic int32_t owner;              /* pid of the program under test */
    _Atomic int64_t clock;              /* seconds that the clock is ahead */
    _Atomic uint32_t unflushed;         /* bytes in streams, at the last wait */
    char unused[28];
    _Atomic uint64_t entered[LOG_MAX_CALLS];
    _Atomic uint32_t matched[LOG_MAX_RULES];
    char reserved[4096 - 64 - 8 * LOG_MAX_CALLS - 4 * LOG_MAX_RULES];
};

struct log_record {
    _Atomic uint32_t commit;            /* index + 1 once complete */
    uint16_t call;
    uint8_t phase;
    uint8_t flags;                      /* 1 << enum plan_action, each */
    uint64_t time;                      /* nanoseconds, CLOCK_MONOTONIC */
    int32_t pid, tid;
    uint32_t enter;                     /* leave: index of the enter record */
    int32_t error;
    int64_t args[4];
    int64_t result;
    uint64_t callers[LOG_CALLERS];
    unsigned char data[LOG_DATA];
};

/*
 * Map the log at path; the descriptor is closed again.
 *
 * Returns 0, or -1 with errno set: EINVAL when the file is not a log.
 */
int log_open(const char *path);

/* Is there a log to write to? */
bool log_is_open(void);

/* The first to ask owns the log.  Is it this process?  True without a log. */
bool log_belongs_to(pid_t pid);

/* From now on, write nothing. */
void log_close(void);

/*
 * Append a copy of record; commit, time, pid and tid are filled in here.
 *
 * Returns the index it got, whether or not there was room for it.
 */
uint32_t log_append(const struct log_record *record);

/*
 * How many calls rule number i of the plan has matched; written by plan.c.
 * Without a log the process has such a counter for itself.
 */
_Atomic uint32_t *log_matched(int i);

/* How many seconds the harness wants the clock to be ahead. */
int64_t log_clock(void);

/* Tell the harness how many bytes wait in streams while the program does. */
void log_unflushed(size_t bytes);

/* What the harness wants held back now. */
enum log_gate log_gate(void);

/* Sleep as long as the harness keeps the gate so. */
void log_wait_at(enum log_gate gate);

/* A forked child is somebody else: forget which process and thread we are. */
void log_forget_ids(void);

#endif
