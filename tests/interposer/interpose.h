/*
 * interpose.h - how a call is wrapped
 *
 * interpose.so defines the very functions a program calls, accept and recv and
 * so on; being loaded first, it is called in libc's place.  Each wrapper has
 * the same three parts:
 *
 *     int listen(int fd, int backlog)
 *     {
 *         struct call call = { ABOUT(listen, fd), .args = { fd, backlog } };
 *         int result = -1;
 *
 *         if (enter(&call))                           1. log it, ask the plan
 *             result = REAL(listen)(fd, backlog);     2. do it
 *         return (int)leave(&call, result);           3. log what came of it
 *     }
 *
 * enter() says false when the plan wants the call to fail; errno is set then.
 * Where the plan can do more than that, the wrapper looks at call.verdict.
 * Between enter and leave a wrapper may set call.data, and change call.args,
 * to have them in the leave record.
 *
 * Everything here keeps errno as libc would leave it, allocates nothing, and
 * may be called from a signal handler, from any thread, and before main.
 */
#ifndef INTERPOSE_H
#define INTERPOSE_H

#undef _FORTIFY_SOURCE  /* its inline functions would stand in our way */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "log.h"
#include "plan.h"

struct call {
    int number;                 /* CALL_... */
    void *frame;                /* of the wrapper: leads to the callers */
    int fd;                     /* what the plan may ask about; -1: none */
    int flags;                  /* see struct plan_query; likewise */
    bool sockets_only;          /* do not log other files, but 0, 1 and 2 */
    bool only_if_touched;       /* log it only where the plan had a hand in */
    bool can_be_ready;          /* see struct plan_query */
    int64_t args[4];
    const void *data;           /* what to show of the call; NULL: nothing */
    size_t size;                /* bytes of data; at most LOG_DATA are kept */

    struct plan_verdict verdict;        /* set by enter */
    bool is_quiet;                      /* not logged; likewise */
    uint32_t index;                     /* of the enter record; likewise */
    int errno_before;                   /* likewise */
};

/* The fields every wrapper fills in the same way. */
#define ABOUT(name, descriptor)                                         \
    .number = CALL_##name, .fd = (descriptor),                          \
    .frame = __builtin_frame_address(0)

/* The function of that name that would have been called without us. */
#define REAL(name) ((__typeof__(&name))real(CALL_##name))
void (*real(int number))(void);

bool enter(struct call *call);
int64_t leave(struct call *call, int64_t result);

/* Ask the plan once more: a connection is there now.  As enter(). */
bool enter_with_connection(struct call *call);

/* Write a note: an event without two ends, such as a thread's start. */
void note(const struct call *call, int64_t result);

/*
 * A wrapper of a call that the plan can make fail, but no more.  What follows
 * the arguments fills further fields of struct call.
 */
#define WRAP(type, name, parameters, arguments, ...)                    \
    type name parameters                                                \
    {                                                                   \
        struct call call = { __VA_ARGS__, .number = CALL_##name,        \
                             .frame = __builtin_frame_address(0) };     \
        type result = (type)-1;                                         \
                                                                        \
        if (enter(&call))                                               \
            result = REAL(name) arguments;                              \
        return (type)leave(&call, (int64_t)result);                     \
    }

/* What kind of file a descriptor is; errno is kept. */
struct descriptor_kind {
    bool is_open, is_socket, is_stream;
    bool wakes;                 /* a pipe, or an eventfd */
};
struct descriptor_kind kind_of(int fd);

/*
 * What a fortified function does first: end the program, as libc would, if it
 * wants more than there is room for.
 */
void need_room(size_t wanted, size_t room);

/* Show a socket address of len bytes, whichever of the two may be void. */
void show_address(struct call *call, const void *address, socklen_t len);

/* Show a string, its final zero included. */
void show_text(struct call *call, const char *text);

/* read(2), write(2) and close(2) as seen from the function of that frame. */
ssize_t read_for(void *frame, int fd, void *buf, size_t n);
ssize_t write_for(void *frame, int fd, const void *buf, size_t n);
int close_for(void *frame, int fd);

/*
 * Read a small file into text, which is ended by a zero; async-signal-safe.
 * Returns its length, 0 also when it cannot be read.
 */
size_t read_whole_file(const char *path, char *text, size_t room);

/* How many bytes wait in the streams on sockets; may be off while in use. */
size_t unflushed(void);

/* Return when every other thread of the process sleeps, or after a while. */
void let_others_run(void);

/* The plan has been read: does it speak of the heap? */
void heap_begin(void);

/* Has the program come to its main?  A sanitizer is at work before. */
bool main_has_begun(void);

/* Forget what functions that have returned left on the stack. */
void scrub_stack(void);

/*
 * Keep quiet about what libc itself calls, on this thread, until it is set to
 * false again.
 */
void keep_quiet(bool quiet);

#endif
