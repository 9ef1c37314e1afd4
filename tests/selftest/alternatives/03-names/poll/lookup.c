/*
 * lookup.c - lesson 03, another way: entries of every type, each address once
 *
 * The socket type is left open, so that an address comes three times; what has
 * been printed already is left out.
 */
#include <err.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

static bool was_before(const struct addrinfo *list, const struct addrinfo *a)
{
    for (; list != a; list = list->ai_next)
        if (list->ai_addrlen == a->ai_addrlen &&
            memcmp(list->ai_addr, a->ai_addr, a->ai_addrlen) == 0)
            return true;
    return false;
}

static int ask(const struct addrinfo *a, char *name, int flags)
{
    return getnameinfo(a->ai_addr, a->ai_addrlen, name, NI_MAXHOST, NULL, 0,
                       flags);
}

static int answer(char mode, const struct addrinfo *list)
{
    char name[NI_MAXHOST];
    int rc = 0;

    if (mode == 'r') {
        rc = ask(list, name, NI_NAMEREQD);
        if (rc == 0)
            puts(name);
        return rc;
    }
    if (mode == 'a')
        puts(list->ai_canonname);
    for (const struct addrinfo *a = list; a != NULL && mode == 'a';
         a = a->ai_next)
        if (!was_before(list, a) && (rc = ask(a, name, NI_NUMERICHOST)) == 0)
            puts(name);
    if (mode == 'a')
        return rc;
    bool has_dot = strchr(list->ai_canonname, '.') != NULL;
    for (const struct addrinfo *a = list; a != NULL && !has_dot; a = a->ai_next)
        if (!was_before(list, a) && ask(a, name, NI_NAMEREQD) == 0 &&
            strchr(name, '.') != NULL) {
            puts(name);
            return 0;
        }
    puts(list->ai_canonname);
    return 0;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = { .ai_flags = AI_CANONNAME }, *list;
    char mode = 'a';

    std_reserve();
    for (int c; (c = getopt(argc, argv, "rf")) != -1; mode = (char)c)
        if (c == '?' || mode != 'a')
            errx(2, "usage: lookup [-r|-f] HOST");
    if (argc != optind + 1)
        errx(2, "usage: lookup [-r|-f] HOST");
    if (mode == 'r')
        hints.ai_flags = AI_NUMERICHOST;
    int rc = getaddrinfo(argv[optind], NULL, &hints, &list);
    if (rc != 0)
        errx(1, "getaddrinfo: %s", gai_strerror(rc));
    rc = answer(mode, list);
    freeaddrinfo(list);
    if (rc != 0)
        errx(1, "getnameinfo: %s", gai_strerror(rc));
    if (fflush(stdout) == EOF || ferror(stdout))
        err(1, "write");
    return 0;
}
