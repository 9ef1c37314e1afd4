/*
 * line_fuzz.c - lesson 06's line reader against a simple splitter
 *
 * Usage: tests/selftest/fuzz/run.sh [SECONDS], which says how it is compiled.
 *
 * The first byte says how many bytes go into the socket at a time, the second
 * how large the reader's buffer is; the rest is the stream.  The socket does
 * not block, so the reader is asked again after each piece.  Whatever it
 * finds must be what the splitter finds, which sees the whole stream.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct stream {
    const char *bytes;
    size_t len;
    size_t fed;                 /* bytes the socket has been given */
    size_t split;               /* bytes the splitter has given out */
};

/* Stop at a difference: the fuzzer keeps the input. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

/*
 * The splitter: what comes next in a stream of len bytes of which no more
 * will come, when a line has at most limit.  As line_read, but all at once.
 */
static int split(struct stream *s, size_t limit, const char **line,
                 size_t *len)
{
    *line = s->bytes + s->split;
    for (*len = 0; s->split + *len < s->len && *len < limit; ++*len)
        if ((*line)[*len] == '\n') {
            s->split += *len + 1;
            if (*len > 0 && (*line)[*len - 1] == '\r')
                --*len;
            return LINE_OK;
        }
    if (*len == limit)
        return LINE_TOO_LONG;
    return *len == 0 ? LINE_END : LINE_INCOMPLETE;
}

/* Put the next piece into the socket, or say that there is no more. */
static void feed(int fd, struct stream *s, size_t piece)
{
    size_t left = s->len - s->fed;

    if (left == 0) {
        must(shutdown(fd, SHUT_WR) == 0);
        return;
    }
    ssize_t n = send(fd, s->bytes + s->fed, left < piece ? left : piece, 0);
    must(n > 0);
    s->fed += (size_t)n;
}

/* Read the stream to its end, comparing; fds are a connected pair. */
static void compare(int fds[2], struct stream *s, size_t piece, size_t limit)
{
    char *buf = malloc(limit);  /* so that a byte too many is noticed */
    struct line_reader reader;
    const char *wanted;
    size_t wanted_len;
    int rc = LINE_OK;

    must(buf != NULL);
    line_init(&reader, fds[1], buf, limit);
    for (int again = 0; again < 2; again += rc != LINE_OK) {
        char *line = NULL;
        size_t len = 0;

        while ((rc = line_read(&reader, &line, &len)) == LINE_ERROR) {
            must(errno == EAGAIN && s->fed - s->split < limit);
            must(memchr(s->bytes + s->split, '\n', s->fed - s->split) == NULL);
            feed(fds[0], s, piece);
        }
        must(rc == split(s, limit, &wanted, &wanted_len));
        if (rc == LINE_OK || rc == LINE_INCOMPLETE)
            must(len == wanted_len && memcmp(line, wanted, len) == 0);
        else
            must(line == NULL && len == 0);
    }
    free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fds[2];

    if (size < 2)
        return 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == -1)
        err(EXIT_FAILURE, "socketpair");
    struct stream s = { .bytes = (const char *)data + 2, .len = size - 2 };
    compare(fds, &s, data[0] + 1U, data[1] + 1U);
    close(fds[0]);
    close(fds[1]);
    return 0;
}
