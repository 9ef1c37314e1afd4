/*
 * stream.c - lesson 05: all the bytes, or an exact count
 *
 * The loops around send(2) and recv(2) that every later program needs.
 * stream.h says what they promise.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "stream.h"
#include "todo.h"           /* remove it with the last step */

int send_all(int fd, const void *buf, size_t len, size_t *sent)
{
    const char *bytes = buf;
    size_t done = 0;
    int rc = 0;

    /* Step 1. Send until all are gone: a call may take less.  send(2) */
    todo(1);

    if (sent != NULL)
        *sent = done;
    return rc;
}

int recv_exact(int fd, void *buf, size_t len, size_t *got)
{
    char *bytes = buf;
    size_t done = 0;
    int rc = 1;

    /* Step 2. Receive until all are there, or no more come.  recv(2) */
    todo(2);

    if (got != NULL)
        *got = done;
    return rc;
}
