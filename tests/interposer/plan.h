/*
 * plan.h - the plan: which call misbehaves, when and how
 *
 * README.md is the contract of its language.  The plan is read once, before
 * main; afterwards it is asked at every call.  Asking is async-signal-safe and
 * thread-safe, allocates nothing, and may change errno.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>

/* The order is that of the bits in a record of the log: see README.md. */
enum plan_action {
    PLAN_SHORT, PLAN_FAIL, PLAN_ERRNO, PLAN_READY, PLAN_STOP, PLAN_LIST,
    PLAN_NAME, PLAN_SLOW
};

/* What is about to be called. */
struct plan_query {
    int call;                   /* CALL_... */
    int fd;                     /* -1: the call has none */
    int flags;                  /* of recv or getnameinfo; fcntl: command */
    size_t length;              /* bytes asked for */
    bool is_socket, is_stream;
    bool wakes;                 /* a write wakes a reader: pipe, eventfd */
    bool is_unseen;             /* a file the log says nothing of */
    bool has_connection;        /* accept: the question after the waiting */
    bool can_be_ready;          /* wait: an Internet socket is asked about */
};

/* What the plan wants done with it. */
struct plan_verdict {
    size_t limit;               /* bytes to move at most; SIZE_MAX: any */
    int fail;                   /* errno or EAI_... to fail with; 0: do not */
    int late_errno;             /* errno to leave after success; 0: as it is */
    int lookup_errno;           /* goes with fail when that is EAI_SYSTEM */
    bool ready, stop, slow;
    const char *list;           /* getaddrinfo's answer; NULL: the real one */
    const char *name;           /* getnameinfo's, likewise */
    unsigned actions;           /* all of these: 1 << enum plan_action, each */
};

/*
 * Read a plan; NULL and "" are the empty one.
 *
 * Returns NULL, or the rule that cannot be read (valid until the next call).
 */
const char *plan_read(const char *text);

/* Is there any rule? */
bool plan_is_empty(void);

/* Is there a rule that may do this to the call, now or later? */
bool plan_mentions(int call, enum plan_action action);

/* Count this call in every rule it matches; say what they want done. */
void plan_ask(const struct plan_query *query, struct plan_verdict *verdict);

/* Start counting anew, as a forked child does. */
void plan_forget_counts(void);

#endif
