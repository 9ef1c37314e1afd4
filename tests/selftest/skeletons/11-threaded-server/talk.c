/*
 * talk.c - the conversation of hellod with one client
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

#include "line.h"
#include "stream.h"
#include "talk.h"

#define GREETING     "Welcome!\n"
#define TOO_LONG     "error: line too long\n"
#define BEFORE_SIZE  32             /* bytes of "Hello, " or "Thread-K: " */
#define AFTER_SIZE   2              /* bytes of "!\n" */
#define PATIENCE_MS  1000           /* for a client to close at the end */

/* Milliseconds of a clock that nobody sets. */
static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/*
 * Wait for these events of poll(2), or for the end of the connection.  With
 * no events only the end of both directions counts: shutdown, or a reset.
 *
 * Returns whether something came before the time end_ms.
 */
static bool wait_for(int conn_fd, short events, long long end_ms)
{
    struct pollfd ready = { .fd = conn_fd, .events = events };
    long long left;

    while ((left = end_ms - now_ms()) > 0) {
        int n = poll(&ready, 1, (int)left);
        if (n != -1 || errno != EINTR)
            return n != 0;
    }
    return false;
}

/*
 * Send our end, and throw away what the client still sends: closing with
 * unread bytes would reset the connection.
 */
static void drain_input(int conn_fd)
{
    long long end_ms = now_ms() + PATIENCE_MS;
    char buf[4096];

    shutdown(conn_fd, SHUT_WR);         /* a client that has gone: no trouble */
    while (wait_for(conn_fd, POLLIN, end_ms)) {
        ssize_t n = recv(conn_fd, buf, sizeof buf, MSG_DONTWAIT);
        if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
            return;
    }
}

static bool is_word(const char *line, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(line, word, len) == 0;
}

/*
 * Answer one line, in one piece.  Returns 0, or -1 with errno set.
 */
static int answer_line(const struct talk *talk, const char *line, size_t len)
{
    char text[BEFORE_SIZE + LINE_LIMIT + AFTER_SIZE] = "Hello, ";
    char stats[TALK_STATS_SIZE];

    /* No lock is held here, and must not be: this may take a minute. */
    if (talk->delay_ms > 0)
        wait_for(talk->conn_fd, 0, now_ms() + talk->delay_ms);
    if (is_word(line, len, "stats")) {
        talk->stats(talk->server, stats);
        return send_all(talk->conn_fd, stats, strlen(stats), NULL);
    }
    if (talk->thread > 0)
        snprintf(text, BEFORE_SIZE, "Thread-%d: ", talk->thread);
    const char *after = talk->thread > 0 ? "\n" : "!\n";
    size_t used = strlen(text);
    memcpy(text + used, line, len);
    used += len;
    memcpy(text + used, after, strlen(after));
    return send_all(talk->conn_fd, text, used + strlen(after), NULL);
}

/*
 * Talk until the client is done.  Returns 0, or -1 with errno set.
 */
static int answer_lines(const struct talk *talk)
{
    char buf[LINE_LIMIT];
    struct line_reader reader;
    char *line;
    size_t len;

    line_init(&reader, talk->conn_fd, buf, sizeof buf);
    if (send_all(talk->conn_fd, GREETING, strlen(GREETING), NULL) == -1)
        return -1;
    for (;;) {
        int rc = line_read(&reader, &line, &len);
        if (rc == LINE_TOO_LONG)
            return send_all(talk->conn_fd, TOO_LONG, strlen(TOO_LONG), NULL);
        if (rc != LINE_OK)
            return rc == LINE_ERROR ? -1 : 0;
        if (is_word(line, len, "exit"))
            return 0;
        if (answer_line(talk, line, len) == -1)
            return -1;
    }
}

int talk_serve(const struct talk *talk)
{
    int rc = answer_lines(talk);
    int why = errno;

    drain_input(talk->conn_fd);
    errno = why;
    return rc;
}
