/*
 * msgd.c - an alternative for lesson 07: stdio streams, a thread a client.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "tcp.h"

static void put_number(FILE *out, uint64_t number, int bytes)
{
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        putc((int)(number >> shift & 0xff), out);
}

static void reply(FILE *out, int type, const char *data, size_t len)
{
    putc(type, out);
    put_number(out, len, 4);
    fwrite(data, 1, len, out);
}

static void answer(FILE *out, int type, char *data, size_t len)
{
    int64_t total = 0;

    for (size_t i = 0; i < len && type == 2; i++)
        data[i] = (char)toupper((unsigned char)data[i]);
    if (type == 1 || type == 2) {
        reply(out, type, data, len);
        return;
    }
    if (type != 3 || len % 4) {
        reply(out, 255, "what?", 5);
        return;
    }
    for (size_t i = 0; i < len; i += 4) {
        int32_t net;
        memcpy(&net, data + i, 4);
        total += (int32_t)ntohl((uint32_t)net);
    }
    putc(3, out);
    put_number(out, 8, 4);
    put_number(out, (uint64_t)total, 8);
}

static void *serve(void *arg)
{
    int fd = *(int *)arg;
    FILE *in = fdopen(dup(fd), "r"), *out = fdopen(dup(fd), "w");
    unsigned char header[5];

    free(arg);
    while (in && out && fread(header, 1, 5, in) == 5) {
        uint32_t len;
        memcpy(&len, header + 1, 4);
        len = ntohl(len);
        if (len > 1 << 20) {
            reply(out, 255, "too long", 8);
            break;
        }
        char *data = malloc(len + 1u);
        if (data && fread(data, 1, len, in) == len)
            answer(out, header[0], data, len);
        free(data);
        if (fflush(out) == EOF)
            break;
    }
    if (out)
        fclose(out);
    if (in)
        fclose(in);
    tcp_finish(fd, 1000);
    return NULL;
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage addr, peer;
    socklen_t len;
    char why[TCP_WHY_SIZE];
    const char *host = "127.0.0.1";
    int option;

    std_reserve();
    while ((option = getopt(argc, argv, "b:")) != -1) {
        if (option == '?')
            return 2;
        host = optarg;
    }
    int port = net_parse_port(optind < argc ? argv[optind] : "6254");
    if (argc - optind > 1 || port == -1
        || net_parse_address(host, port, &addr, &len) == -1)
        errx(2, "usage: msgd [-b ADDR] [PORT]");
    signal(SIGPIPE, SIG_IGN);
    int listen_fd = tcp_listen(&addr, len, why);
    if (listen_fd == -1)
        errx(1, "%s", why);
    for (;;) {
        pthread_t thread;
        int *fd = malloc(sizeof *fd);
        if (fd == NULL || (*fd = tcp_accept(listen_fd, &peer)) == -1)
            err(1, "accept");
        if (pthread_create(&thread, NULL, serve, fd) == 0)
            pthread_detach(thread);
    }
}
