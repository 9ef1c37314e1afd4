/*
 * line.h - one line after the other from a stream
 *
 * A stream has no lines: a piece that recv(2) returns may hold half a line,
 * one, or several.  A line reader keeps what came too early until it is asked
 * for, and collects what is not complete yet.
 *
 * line.c is the work of lesson 06.  Each connection has a reader of its own,
 * and only one thread may use it at a time; different readers share nothing.
 */
#ifndef LINE_H
#define LINE_H

#include <stddef.h>

/* The longest line of this course, in bytes, its "\n" or "\r\n" included. */
#define LINE_LIMIT 8192

/* What line_read found. */
enum line_result {
    LINE_ERROR = -1,    /* recv(2) failed, errno tells why */
    LINE_END,           /* end-of-file behind a whole line, or at the start */
    LINE_OK,            /* a line */
    LINE_INCOMPLETE,    /* end-of-file in the middle of a line */
    LINE_TOO_LONG       /* the buffer is full, and there is no newline in it */
};

/* The state of one connection.  line_init fills it in; look, do not touch. */
struct line_reader {
    int fd;
    char *buf;
    size_t size;        /* bytes of buf: the longest line */
    size_t held;        /* bytes in buf that have been received */
    size_t given;       /* the first of these: the line given out last */
};

/*
 * Make a reader for a new connection; nothing is received yet.
 *
 * fd     a connected stream socket; it stays the caller's
 * buf    memory that the reader uses as long as it lives; the caller's, too
 * size   bytes of buf, at least 1: a longer line, with its ending, is too long
 *
 * Cannot fail, does not block.
 */
void line_init(struct line_reader *reader, int fd, char *buf, size_t size);

/*
 * Read the next line.
 *
 * line   after LINE_OK the line, without its "\n" and one "\r" right before
 *        that; after LINE_INCOMPLETE what there is of it.  It lies in the
 *        reader's buf until the next call, has no terminator, and may hold
 *        any bytes, NUL too.  Otherwise untouched
 * len    its length in bytes, 0 for an empty line; otherwise untouched
 *
 * Returns an enum line_result.  Blocks until it has one, goes on after a
 * signal (EINTR), and never receives when a whole line is there already.
 * After LINE_ERROR nothing is lost: with errno EAGAIN on a non-blocking socket
 * the call may be repeated later.  LINE_END, LINE_INCOMPLETE and LINE_TOO_LONG
 * come again when it is called again.
 */
int line_read(struct line_reader *reader, char **line, size_t *len);

#endif
