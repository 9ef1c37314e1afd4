/*
 * calls.h - the table of calls, as calls.def has it
 */
#ifndef CALLS_H
#define CALLS_H

enum {
#define CALL(name, class, outcome, shape, fields) CALL_##name,
#include "calls.def"
#undef CALL
    CALLS                       /* how many there are */
};

/* What the plan may call it besides its name. */
enum call_class {
    CLASS_NONE, CLASS_RECEIVE, CLASS_TRANSMIT, CLASS_ACCEPT, CLASS_WAIT,
    CLASS_WAKE, CLASS_HEAP, CLASS_LOOKUP,
    CLASS_EVENT, CLASS_UNSAFE,  /* the plan has no hand in these */
    CLASS_STDIN, CLASS_STDOUT   /* of the plan alone: no call is always one */
};

/* How its result tells of failure. */
enum call_outcome {
    OUTCOME_NUMBER,             /* -1, and errno tells why */
    OUTCOME_POINTER,            /* NULL, and errno tells why */
    OUTCOME_HANDLER,            /* SIG_ERR, and errno tells why */
    OUTCOME_CODE,               /* the error number itself, or 0 */
    OUTCOME_GAI,                /* one of getaddrinfo's errors, or 0 */
    OUTCOME_VALUE, OUTCOME_TEXT, OUTCOME_NOTHING        /* it never does */
};

struct call_kind {
    const char *name;
    enum call_class class;
    enum call_outcome outcome;
};

/* By the number of the call. */
extern const struct call_kind call_kinds[CALLS];

#endif
