/*
 * lookup.c - lesson 03, another way: the answer is made in memory
 *
 * Nothing is printed before all is known.
 */
#include <err.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

static char text[1 << 16];
static size_t used;

static void add_line(const char *line)
{
    used += (size_t)snprintf(text + used, sizeof text - used, "%s\n", line);
}

static void add_addresses(const struct addrinfo *list)
{
    char digits[100];

    if (list == NULL)
        return;
    int rc = getnameinfo(list->ai_addr, list->ai_addrlen, digits,
                         sizeof digits, NULL, 0, NI_NUMERICHOST);
    if (rc != 0)
        errx(1, "getnameinfo: %s", gai_strerror(rc));
    add_line(digits);
    add_addresses(list->ai_next);
}

/* Returns the first name with a dot, or instead. */
static const char *dotted(const struct addrinfo *list, const char *instead)
{
    static char name[NI_MAXHOST];

    if (list == NULL)
        return instead;
    if (getnameinfo(list->ai_addr, list->ai_addrlen, name, sizeof name, NULL, 0,
                    NI_NAMEREQD) == 0 && strchr(name, '.') != NULL)
        return name;
    return dotted(list->ai_next, instead);
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *list;
    static char name[NI_MAXHOST];
    char mode = 0;

    std_reserve();
    if (argc == 3 && argv[1][0] == '-' && strlen(argv[1]) == 2 &&
        strchr("rf", argv[1][1]) != NULL)
        mode = argv[1][1];
    else if (argc != 2 || argv[1][0] == '-')
        errx(2, "usage: lookup [-r|-f] HOST");
    hints.ai_flags = mode == 'r' ? AI_NUMERICHOST : AI_CANONNAME;
    int rc = getaddrinfo(argv[argc - 1], NULL, &hints, &list);
    if (rc != 0)
        errx(1, "getaddrinfo: %s", gai_strerror(rc));
    if (mode == 'r') {
        rc = getnameinfo(list->ai_addr, list->ai_addrlen, name, sizeof name,
                         NULL, 0, NI_NAMEREQD);
        add_line(name);
    } else {
        int has_dot = strchr(list->ai_canonname, '.') != NULL;
        add_line(mode == 'f' && !has_dot ? dotted(list, list->ai_canonname)
                                         : list->ai_canonname);
        if (mode == 0)
            add_addresses(list);
    }
    freeaddrinfo(list);
    if (rc != 0)
        errx(1, "getnameinfo: %s", gai_strerror(rc));
    if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
        err(1, "write");
    return 0;
}
