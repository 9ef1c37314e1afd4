/*
 * line.c - lesson 06: one line after the other from a stream
 *
 * The buffer between recv(2), which knows of no lines, and programs that
 * want nothing else.  line.h says what it promises.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "line.h"
#include "todo.h"           /* remove it with the last step */

void line_init(struct line_reader *reader, int fd, char *buf, size_t size)
{
    *reader = (struct line_reader){ .fd = fd, .buf = buf, .size = size };
}

/*
 * Forget the line given out last: what was received behind it moves to the
 * start of the buffer.
 */
static void forget_given(struct line_reader *reader)
{
    /* Step 1. Move the bytes behind the first reader->given ones to the
     * start, and correct both counts.  memmove(3) */
    todo(1);
}

/*
 * Give out the line at the start of the buffer, if there is a whole one.
 *
 * from   the first byte to look at: before it there is no newline
 *
 * Returns whether there is; then *line, *len and reader->given are set.
 */
static int give_line(struct line_reader *reader, size_t from,
                     char **line, size_t *len)
{
    /* Step 2. Find the newline in what was received, or return 0.  Give out
     * what stands before it, without a "\r" at its end.  memchr(3) */
    return todo(2);
}

int line_read(struct line_reader *reader, char **line, size_t *len)
{
    size_t from = 0;

    forget_given(reader);
    for (;;) {
        if (give_line(reader, from, line, len))
            return LINE_OK;
        from = reader->held;
        if (reader->held == reader->size)
            return LINE_TOO_LONG;

        /* Step 3. Receive behind what is there, as much as there is room;
         * go on after EINTR.  recv(2) */
        ssize_t n = todo(3);
        if (n == -1)
            return LINE_ERROR;
        if (n == 0 && reader->held > 0) {
            *line = reader->buf;
            *len = reader->held;
            return LINE_INCOMPLETE;
        }
        if (n == 0)
            return LINE_END;
        reader->held += (size_t)n;
    }
}
