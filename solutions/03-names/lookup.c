/*
 * lookup.c - lesson 03: names and addresses
 *
 * Usage: lookup [-r|-f] HOST
 *
 * Prints the canonical name of HOST and then its addresses, each on a line of
 * its own; with -r the name of the numeric address HOST; with -f the name of
 * HOST that has a dot, if there is one.  Exits with 0, with 1 when there is no
 * answer or a call fails, with 2 on a usage error.
 */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

#define EXIT_USAGE 2
#define NAME_SIZE  1025         /* bytes of the longest name, with its NUL */

enum mode { ALL, REVERSE, FULL };

/* Read the command line.  Returns 0, or -1 on a usage error. */
static int parse_options(int argc, char *argv[], enum mode *mode,
                         const char **host)
{
    int letter;

    *mode = ALL;
    while ((letter = getopt(argc, argv, "rf")) != -1) {
        if (letter == '?' || *mode != ALL)
            return -1;
        *mode = letter == 'r' ? REVERSE : FULL;
    }
    *host = argv[optind];
    return argc - optind == 1 ? 0 : -1;
}

/* What a result of these calls means; errno matters for EAI_SYSTEM alone. */
static const char *explain_error(int rc)
{
    return rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc);
}

/*
 * Find the addresses of a host.
 *
 * flags   AI_CANONNAME: the first entry has the canonical name as well;
 *         AI_NUMERICHOST: host is an address, never a name
 *
 * Returns 0 or getaddrinfo's error.  Blocks while the name is looked up.
 */
static int find_addresses(const char *host, int flags, struct addrinfo **list)
{
    /* Step 1. Ask for the addresses of every family, with these flags, and
     * each of them once.  No service is needed.  getaddrinfo(3) */
    const struct addrinfo hints = {
        .ai_flags = flags, .ai_socktype = SOCK_STREAM
    };
    return getaddrinfo(host, NULL, &hints, list);
}

/*
 * Write an address in digits.
 *
 * text   NAME_SIZE bytes
 *
 * Returns 0 or getnameinfo's error.  Asks nobody.
 */
static int format_address(const struct addrinfo *a, char *text)
{
    /* Step 2. The digits, whatever the family is.  getnameinfo(3) */
    return getnameinfo(a->ai_addr, a->ai_addrlen, text, NAME_SIZE, NULL, 0,
                       NI_NUMERICHOST);
}

/*
 * Find the name of an address.
 *
 * name   NAME_SIZE bytes
 *
 * Returns 0 or getnameinfo's error, EAI_NONAME when there is no name.  Blocks
 * while it is looked up.
 */
static int find_name(const struct addrinfo *a, char *name)
{
    /* Step 3. The name, and digits are not one.  getnameinfo(3) */
    return getnameinfo(a->ai_addr, a->ai_addrlen, name, NAME_SIZE, NULL, 0,
                       NI_NAMEREQD);
}

/*
 * Choose the name with a dot: the canonical name, or the first name of an
 * address that has one, or else the canonical name all the same.
 *
 * name   NAME_SIZE bytes, where the result may lie
 */
static const char *choose_name(const struct addrinfo *list, char *name)
{
    /* Step 4. An address without a name is no failure: go on with the next.
     * getnameinfo(3) */
    if (strchr(list->ai_canonname, '.') != NULL)
        return list->ai_canonname;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
        if (find_name(a, name) == 0 && strchr(name, '.') != NULL)
            return name;
    return list->ai_canonname;
}

/* Print what was asked for.  Returns 0 or getnameinfo's error. */
static int print_answer(const struct addrinfo *list, enum mode mode)
{
    char text[NAME_SIZE];

    if (mode == REVERSE) {
        int rc = find_name(list, text);
        if (rc == 0)
            puts(text);
        return rc;
    }
    puts(mode == FULL ? choose_name(list, text) : list->ai_canonname);
    for (const struct addrinfo *a = list; a != NULL && mode == ALL;
         a = a->ai_next) {
        int rc = format_address(a, text);
        if (rc != 0)
            return rc;
        puts(text);
    }
    return 0;
}

int main(int argc, char *argv[])
{
    struct addrinfo *list = NULL;
    enum mode mode;
    const char *host;

    std_reserve();
    if (parse_options(argc, argv, &mode, &host) == -1)
        errx(EXIT_USAGE, "usage: lookup [-r|-f] HOST");
    int flags = mode == REVERSE ? AI_NUMERICHOST : AI_CANONNAME;
    int rc = find_addresses(host, flags, &list);
    if (rc == EAI_NONAME && mode == REVERSE)
        errx(EXIT_USAGE, "not a numeric address: '%s'", host);
    if (rc != 0)
        errx(EXIT_FAILURE, "getaddrinfo: %s", explain_error(rc));
    rc = print_answer(list, mode);
    const char *why = explain_error(rc);
    freeaddrinfo(list);
    if (rc != 0)
        errx(EXIT_FAILURE, "getnameinfo: %s", why);
    if (fflush(stdout) == EOF || ferror(stdout))
        err(EXIT_FAILURE, "write");
    return EXIT_SUCCESS;
}
