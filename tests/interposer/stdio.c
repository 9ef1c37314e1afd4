/*
 * stdio.c - streams on sockets
 *
 * libc's streams call libc's own read and write, which nobody can replace.  So
 * fdopen on a socket gives a stream whose bytes go through ours instead.
 */
#include "interpose.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdio_ext.h>

#include "callers.h"

#define MAX_STREAMS 256         /* on sockets, at one time */

struct stream {
    _Atomic bool taken;
    _Atomic(FILE *) file;
    int fd;
    bool is_used;               /* something was read from it, or written */
};

static struct stream streams[MAX_STREAMS];

static struct stream *take_stream(void)
{
    for (int i = 0; i < MAX_STREAMS; i++) {
        bool free = false;
        if (atomic_compare_exchange_strong(&streams[i].taken, &free, true))
            return &streams[i];
    }
    return NULL;
}

static ssize_t stream_read(void *cookie, char *buf, size_t n)
{
    struct stream *stream = cookie;

    stream->is_used = true;
    return read_for(__builtin_frame_address(0), stream->fd, buf, n);
}

/* libc takes a short count for an error here, so go on until all is gone. */
static ssize_t stream_write(void *cookie, const char *buf, size_t n)
{
    struct stream *stream = cookie;
    size_t done = 0;

    stream->is_used = true;
    while (done < n) {
        ssize_t sent = write_for(__builtin_frame_address(0), stream->fd,
                                 buf + done, n - done);
        if (sent == -1)
            break;
        done += (size_t)sent;
    }
    return (ssize_t)done;       /* fewer than n: an error, as libc wants it */
}

static int stream_close(void *cookie)
{
    struct stream *stream = cookie;
    int fd = stream->fd;

    stream->file = NULL;
    stream->taken = false;
    return close_for(__builtin_frame_address(0), fd);
}

static const cookie_io_functions_t through_us = {
    .read = stream_read, .write = stream_write, .close = stream_close
};

/* Open a stream of ours on fd.  Returns NULL when there is no room. */
static FILE *open_stream(int fd, const char *mode)
{
    struct stream *stream = take_stream();

    if (stream == NULL)
        return NULL;
    callers_prepare_for_stdio();
    stream->fd = fd;
    stream->is_used = false;
    stream->file = fopencookie(stream, mode, through_us);
    if (stream->file == NULL)
        stream->taken = false;
    return stream->file;
}

FILE *fdopen(int fd, const char *mode)
{
    struct call call = { ABOUT(fdopen, fd), .sockets_only = true,
                         .args = { fd } };
    FILE *file = NULL;

    show_text(&call, mode);
    if (enter(&call)) {
        if (kind_of(fd).is_socket)
            file = open_stream(fd, mode);
        if (file == NULL)
            file = REAL(fdopen)(fd, mode);
    }
    leave(&call, (int64_t)(intptr_t)file);
    return file;
}

size_t unflushed(void)
{
    size_t bytes = 0;

    for (int i = 0; i < MAX_STREAMS && streams[i].taken; i++) {
        FILE *file = streams[i].file;
        if (file != NULL)
            bytes += __fpending(file);
    }
    return bytes;
}

/* The stream of ours that this is, or NULL. */
static struct stream *stream_of(FILE *file)
{
    for (int i = 0; i < MAX_STREAMS; i++)
        if (streams[i].file == file)
            return &streams[i];
    return NULL;
}

/*
 * Logged with what is wrong about it: 1, it comes too late, the stream has been
 * used before; 2, it has a size and no memory, so that glibc ignores the size.
 */
int setvbuf(FILE *file, char *buf, int mode, size_t size)
{
    struct stream *stream = stream_of(file);
    int result = -1;

    if (stream == NULL)
        return REAL(setvbuf)(file, buf, mode, size);
    struct call call = { ABOUT(setvbuf, stream->fd), .args = {
        stream->fd, mode, (int64_t)size,
        (stream->is_used || __fpending(file) > 0) |
        (buf == NULL && size > 0) << 1
    } };
    if (enter(&call))
        result = REAL(setvbuf)(file, buf, mode, size);
    return (int)leave(&call, result);
}

void setbuf(FILE *file, char *buf)
{
    setvbuf(file, buf, buf == NULL ? _IONBF : _IOFBF, BUFSIZ);
}

void setlinebuf(FILE *file)
{
    setvbuf(file, NULL, _IOLBF, 0);
}

static int fileno_of(FILE *file, const char *name)
{
    __typeof__(&fileno) next;
    struct stream *stream = stream_of(file);

    if (stream != NULL)
        return stream->fd;
    *(void **)&next = dlsym(RTLD_NEXT, name);
    return next(file);
}

int fileno(FILE *file)
{
    return fileno_of(file, "fileno");
}

int fileno_unlocked(FILE *file)
{
    return fileno_of(file, "fileno_unlocked");
}
