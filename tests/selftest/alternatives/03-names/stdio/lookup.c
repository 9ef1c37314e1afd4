/*
 * lookup.c - lesson 03, another way: inet_ntop and inet_pton for the numbers
 *
 * Of getnameinfo only the reverse names are asked, and all of them first.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

static void reverse(const char *text)
{
    struct sockaddr_storage addr = { 0 };
    struct sockaddr_in *v4 = (struct sockaddr_in *)&addr;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&addr;
    socklen_t len = sizeof *v4;
    char name[NI_MAXHOST];

    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        addr.ss_family = AF_INET;
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        addr.ss_family = AF_INET6;
        len = sizeof *v6;
    } else {
        errx(1, "inet_pton: not an address: %s", text);
    }
    int rc = getnameinfo((struct sockaddr *)&addr, len, name, sizeof name,
                         NULL, 0, NI_NAMEREQD);
    if (rc != 0)
        errx(1, "getnameinfo: %s", gai_strerror(rc));
    printf("%s\n", name);
}

static void print_addresses(const struct addrinfo *list)
{
    char text[INET6_ADDRSTRLEN];

    printf("%s\n", list->ai_canonname);
    for (; list != NULL; list = list->ai_next) {
        const void *bytes = list->ai_family == AF_INET6
            ? (const void *)&((struct sockaddr_in6 *)list->ai_addr)->sin6_addr
            : (const void *)&((struct sockaddr_in *)list->ai_addr)->sin_addr;
        printf("%s\n", inet_ntop(list->ai_family, bytes, text, sizeof text));
    }
}

static void print_full(const struct addrinfo *list)
{
    char names[64][NI_MAXHOST] = { "" };
    int count = 0;

    for (const struct addrinfo *a = list; a != NULL && count < 64;
         a = a->ai_next)
        if (getnameinfo(a->ai_addr, a->ai_addrlen, names[count],
                        sizeof names[count], NULL, 0, NI_NAMEREQD) == 0)
            count++;
    const char *full = list->ai_canonname;
    for (int i = count - 1; i >= 0 && strchr(list->ai_canonname, '.') == NULL;
         i--)
        if (strchr(names[i], '.') != NULL)
            full = names[i];
    printf("%s\n", full);
}

static void flush_output(void)
{
    if (fflush(stdout) == EOF || ferror(stdout))
        err(1, "write");
}

int main(int argc, char *argv[])
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_CANONNAME };
    struct addrinfo *list;
    int mode = getopt(argc, argv, "rf");

    std_reserve();
    if (mode == '?' || argc - optind != 1)
        errx(2, "usage: lookup [-r|-f] HOST");
    if (mode == 'r') {
        reverse(argv[optind]);
        flush_output();
        return 0;
    }
    int rc = getaddrinfo(argv[optind], NULL, &hints, &list);
    if (rc != 0)
        errx(1, "getaddrinfo: %s: %s", argv[optind], gai_strerror(rc));
    if (mode == 'f')
        print_full(list);
    else
        print_addresses(list);
    freeaddrinfo(list);
    flush_output();
    return 0;
}
