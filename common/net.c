/*
 * net.c - addresses as text, and the ready line of a server
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "net.h"

#define PORT_MAX 65535

int net_parse_port(const char *text)
{
    int port = 0;

    if (text == NULL || *text == '\0') {
        errno = EINVAL;
        return -1;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            errno = EINVAL;
            return -1;
        }
        port = port * 10 + (*text - '0');
        if (port > PORT_MAX) {          /* here, before it can overflow */
            errno = EINVAL;
            return -1;
        }
    }
    return port;
}

int net_parse_address(const char *text, int port,
                      struct sockaddr_storage *addr, socklen_t *len)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)addr;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)addr;

    memset(addr, 0, sizeof *addr);
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((in_port_t)port);
        *len = sizeof *v4;
        return 0;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((in_port_t)port);
        *len = sizeof *v6;
        return 0;
    }
    errno = EINVAL;
    return -1;
}

char *net_format_address(const struct sockaddr_storage *addr, char *text)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)addr;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)addr;
    char host[INET6_ADDRSTRLEN] = "";
    int why = errno;

    if (addr->ss_family == AF_INET) {
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(text, NET_TEXT_SIZE, "%s:%d", host, ntohs(v4->sin_port));
    } else if (addr->ss_family == AF_INET6
               && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], host, sizeof host);
        snprintf(text, NET_TEXT_SIZE, "%s:%d", host, ntohs(v6->sin6_port));
    } else if (addr->ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(text, NET_TEXT_SIZE, "[%s]:%d", host, ntohs(v6->sin6_port));
    } else {
        snprintf(text, NET_TEXT_SIZE, "?");
    }
    errno = why;
    return text;
}

int net_announce(const struct sockaddr_storage *addr)
{
    char text[NET_TEXT_SIZE];

    /* A pipe makes stdout buffer: without the flush the line stays here. */
    if (printf("listening on %s\n", net_format_address(addr, text)) < 0)
        return -1;
    return fflush(stdout) == EOF ? -1 : 0;
}
