/*
 * msg.c - lesson 07: a client of msgd
 *
 * Usage: msg HOST PORT echo|upper TEXT
 *        msg HOST PORT sum N...
 *
 * Sends one frame and prints the payload of the answer and a newline, or the
 * sum in decimal.  Exits with 0, with 1 when a call fails or the answer is an
 * error frame (its text goes to stderr), with 2 on a usage error.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "std.h"
#include "tcp.h"

#define EXIT_USAGE 2
#define USAGE "usage: msg HOST PORT echo|upper TEXT | sum N..."

/*
 * Read a number of 32 bits.  Returns 0, or -1 if text is not one.
 */
static int parse_number(const char *text, int32_t *number)
{
    char *end;

    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (isspace((unsigned char)text[0]) || end == text || *end != '\0'
        || errno != 0 || value < INT32_MIN || value > INT32_MAX)
        return -1;
    *number = (int32_t)value;
    return 0;
}

/*
 * Put the numbers in words into payload, four bytes each.
 *
 * Returns the count of bytes, or -1 if a word is not a number of 32 bits.
 */
static long pack_numbers(char *words[], int count, unsigned char *payload)
{
    for (int i = 0; i < count; i++) {
        int32_t number;

        if (parse_number(words[i], &number) == -1)
            return -1;

        /* Step 1. Write number to payload + 4 * i in network byte order.
         * htonl(3), memcpy(3) */
        uint32_t bits = htonl((uint32_t)number);
        memcpy(payload + 4 * i, &bits, sizeof bits);
    }
    return 4L * count;
}

/*
 * Make the payload of the request out of the words behind the verb.
 *
 * Returns its length and sets *type, or -1 on a usage error; payload has
 * room for 4 bytes a word.
 */
static long make_request(int argc, char *argv[], unsigned char **payload,
                         uint8_t *type)
{
    if (argc == 5 && strcmp(argv[3], "sum") != 0) {
        *type = strcmp(argv[3], "echo") == 0 ? FRAME_ECHO : FRAME_UPPER;
        if (*type == FRAME_UPPER && strcmp(argv[3], "upper") != 0)
            return -1;
        *payload = (unsigned char *)strdup(argv[4]);
        if (*payload == NULL)
            err(EXIT_FAILURE, "strdup");
        return (long)strlen(argv[4]);
    }
    if (argc < 4 || strcmp(argv[3], "sum") != 0)
        return -1;
    *type = FRAME_SUM;
    *payload = calloc((size_t)argc, sizeof(int32_t));
    if (*payload == NULL)
        err(EXIT_FAILURE, "calloc");
    return pack_numbers(argv + 4, argc - 4, *payload);
}

/*
 * Print the answer to a request of this type.  Returns an exit status.
 */
static int print_answer(const struct frame *frame, uint8_t type)
{
    uint64_t total = 0;

    /* Step 2. An error frame goes to stderr, and the status is EXIT_FAILURE.
     * A sum is eight bytes, the largest first; all else is printed as it is,
     * whatever bytes it has, and a newline.  frame.h, fwrite(3) */
    if (frame->type == FRAME_ERROR) {
        warnx("%.*s", (int)frame->len, (const char *)frame->payload);
        return EXIT_FAILURE;
    }
    if (frame->type != type || (type == FRAME_SUM && frame->len != 8)) {
        warnx("recv: not an answer to this request");
        return EXIT_FAILURE;
    }
    for (int i = 0; type == FRAME_SUM && i < 8; i++)
        total = total << 8 | frame->payload[i];
    if (type == FRAME_SUM)
        printf("%" PRId64, (int64_t)total);
    else
        fwrite(frame->payload, 1, frame->len, stdout);

    putchar('\n');
    if (fflush(stdout) == EOF || ferror(stdout)) {
        warn("write");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
    unsigned char *payload = NULL;
    char why[TCP_WHY_SIZE];
    struct frame frame;
    uint8_t type;

    std_reserve();
    long len = argc < 4 ? -1 : make_request(argc, argv, &payload, &type);
    if (len == -1 || net_parse_port(argv[2]) == -1)
        errx(EXIT_USAGE, USAGE);
    int fd = tcp_connect(argv[1], argv[2], why);
    if (fd == -1)
        errx(EXIT_FAILURE, "%s", why);
    if (frame_send(fd, type, payload, (size_t)len) == -1)
        err(EXIT_FAILURE, "send");
    free(payload);

    int rc = frame_receive(fd, &frame);
    if (rc == 0)
        errx(EXIT_FAILURE, "recv: the server left without an answer");
    if (rc == -1)
        err(EXIT_FAILURE, "recv");
    int status = print_answer(&frame, type);
    frame_release(&frame);
    close(fd);
    return status;
}
