/*
 * addr.c - right, by another design: the resolver does the work, told never
 * to ask anybody: getaddrinfo and getnameinfo with their numeric flags read
 * and write addresses, find ports of services; the kernel is asked by one
 * child process for each family.  The answer is made first and printed last.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "std.h"

static char answer[4096];

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    size_t used = strlen(answer);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(answer + used, sizeof answer - used, format, arguments);
    va_end(arguments);
}

static void __attribute__((noreturn)) refuse(const char *text)
{
    errx(2, "cannot make sense of '%s'", text);
}

/* Has the text the one form of its family?  The resolver takes more. */
static int is_strict(const char *text)
{
    int number = 0, digits = 0, dots = 0;

    if (strchr(text, ':') != NULL)
        return strchr(text, '%') == NULL;
    for (const char *c = text; ; c++) {
        if (*c >= '0' && *c <= '9') {
            if (digits++ > 0 && number == 0)
                return 0;
            number = number * 10 + *c - '0';
            if (number > 255)
                return 0;
        } else if (*c == '.' || *c == '\0') {
            if (digits == 0)
                return 0;
            if (*c == '\0')
                return dots == 3;
            number = digits = 0;
            dots++;
        } else {
            return 0;
        }
    }
}

/* Read an address; the bytes stay valid until the end. */
static const unsigned char *read_address(const char *text, size_t *size)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                              .ai_socktype = SOCK_STREAM };
    static unsigned char bytes[16];
    struct addrinfo *list;

    if (!is_strict(text) || getaddrinfo(text, "0", &hints, &list) != 0)
        refuse(text);
    *size = list->ai_family == AF_INET ? 4 : 16;
    if (list->ai_family == AF_INET)
        memcpy(bytes, &((struct sockaddr_in *)list->ai_addr)->sin_addr, 4);
    else
        memcpy(bytes, &((struct sockaddr_in6 *)list->ai_addr)->sin6_addr, 16);
    freeaddrinfo(list);
    return bytes;
}

static void pton(char *args[])
{
    size_t size;
    const unsigned char *bytes = read_address(args[0], &size);

    say("%d ", size == 4 ? 4 : 6);
    for (size_t i = 0; i < size; i++)
        say("%02x", bytes[i]);
    say("\n");
}

static void ntop(char *args[])
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    char host[NI_MAXHOST];
    size_t len = strlen(args[0]);
    unsigned char *bytes = v6.sin6_addr.s6_addr;

    if (strspn(args[0], "0123456789abcdefABCDEF") != len
        || (len != 8 && len != 32))
        refuse(args[0]);
    for (size_t i = 0; i < len / 2; i++)
        sscanf(args[0] + 2 * i, "%2hhx", &bytes[i]);
    memcpy(&v4.sin_addr, bytes, 4);
    int code = len == 8
        ? getnameinfo((struct sockaddr *)&v4, sizeof v4, host, sizeof host,
                      NULL, 0, NI_NUMERICHOST)
        : getnameinfo((struct sockaddr *)&v6, sizeof v6, host, sizeof host,
                      NULL, 0, NI_NUMERICHOST);
    if (code != 0)
        errx(1, "getnameinfo: %s", gai_strerror(code));
    say("%s\n", host);
}

static unsigned long number(const char *text, unsigned long max)
{
    size_t len = strlen(text);
    unsigned long value = 0;

    if (len == 0 || strspn(text, "0123456789") != len)
        refuse(text);
    while (*text == '0')
        text++;
    if (strlen(text) > 10)
        refuse(text);
    for (; *text != '\0'; text++) {
        unsigned long next = (unsigned long)(*text - '0');
        if (value > (max - next) / 10)
            refuse(text);
        value = value * 10 + next;
    }
    return value;
}

static void port(char *args[])
{
    say("%lu\n", number(args[0], 65535));
}

static void hton16(char *args[])
{
    union { uint16_t value; unsigned char b[2]; } wire;

    wire.value = htons((uint16_t)number(args[0], 65535));
    say("%02x %02x\n", wire.b[0], wire.b[1]);
}

static void hton32(char *args[])
{
    union { uint32_t value; unsigned char b[4]; } wire;

    wire.value = htonl((uint32_t)number(args[0], 4294967295));
    say("%02x %02x %02x %02x\n", wire.b[0], wire.b[1], wire.b[2], wire.b[3]);
}

static void service(char *args[])
{
    struct addrinfo hints = { .ai_family = AF_INET };
    struct addrinfo *list;

    if (strcmp(args[1], "tcp") == 0)
        hints.ai_socktype = SOCK_STREAM;
    else if (strcmp(args[1], "udp") == 0)
        hints.ai_socktype = SOCK_DGRAM;
    else
        errx(1, "unknown protocol: %s", args[1]);
    int code = getaddrinfo(NULL, args[0], &hints, &list);
    if (code != 0)
        errx(1, "%s: %s", args[0], gai_strerror(code));
    say("%d\n", ntohs(((struct sockaddr_in *)list->ai_addr)->sin_port));
    freeaddrinfo(list);
}

static void proto(char *args[])
{
    const struct protoent *entry;

    setprotoent(1);
    while ((entry = getprotoent()) != NULL) {
        int same = strcmp(entry->p_name, args[0]) == 0;
        for (char **alias = entry->p_aliases; *alias != NULL; alias++)
            same = same || strcmp(*alias, args[0]) == 0;
        if (same) {
            say("%d\n", entry->p_proto);
            endprotoent();
            return;
        }
    }
    errx(1, "unknown protocol: %s", args[0]);
}

static void class(char *args[])
{
    size_t size;
    const unsigned char *b = read_address(args[0], &size);
    int zeros = 0;
    const char *kind = "global";

    while (zeros < 16 && (size_t)zeros < size && b[zeros] == 0)
        zeros++;
    if ((size_t)zeros == size)
        kind = "any";
    else if (size == 4) {
        if (b[0] == 127)
            kind = "loopback";
        else if (b[0] == 10 || (b[0] == 172 && b[1] >= 16 && b[1] <= 31)
                 || (b[0] == 192 && b[1] == 168))
            kind = "private";
        else if (b[0] == 169 && b[1] == 254)
            kind = "link-local";
        else if (b[0] >= 224 && b[0] <= 239)
            kind = "multicast";
        else if (b[0] == 255 && b[1] == 255 && b[2] == 255 && b[3] == 255)
            kind = "broadcast";
    } else if (zeros == 15 && b[15] == 1)
        kind = "loopback";
    else if (b[0] == 0xfc || b[0] == 0xfd)
        kind = "private";
    else if (b[0] == 0xfe && b[1] >= 0x80 && b[1] <= 0xbf)
        kind = "link-local";
    else if (b[0] == 0xff)
        kind = "multicast";
    say("%s\n", kind);
}

static void consts(char *args[])
{
    (void)args;
    say("INADDR_ANY %08x\nINADDR_BROADCAST %08x\nINADDR_LOOPBACK %08x\n",
        INADDR_ANY, INADDR_BROADCAST, INADDR_LOOPBACK);
    say("IPPORT_RESERVED %d\nSOMAXCONN %d\n", IPPORT_RESERVED, SOMAXCONN);
}

/* In a child of its own, so that no descriptor can stay behind. */
static void try_family(int family, const char *name)
{
    static const struct { int type; const char *name; } kinds[] = {
        { SOCK_STREAM, "SOCK_STREAM" }, { SOCK_DGRAM, "SOCK_DGRAM" },
        { SOCK_RAW, "SOCK_RAW" }, { SOCK_RDM, "SOCK_RDM" },
        { SOCK_SEQPACKET, "SOCK_SEQPACKET" },
    };
    static const struct { int number; const char *name; } errors[] = {
        { EAFNOSUPPORT, "EAFNOSUPPORT" },
        { ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT" },
        { EPROTONOSUPPORT, "EPROTONOSUPPORT" },
        { EACCES, "EACCES" }, { EPERM, "EPERM" }, { EINVAL, "EINVAL" },
    };

    for (size_t i = 0; i < 5; i++) {
        int fd = socket(family, kinds[i].type, 0);
        const char *why = fd == -1 ? "EUNKNOWN" : "ok";
        for (size_t e = 0; fd == -1 && e < 6; e++)
            if (errors[e].number == errno)
                why = errors[e].name;
        printf("%s %s %s\n", name, kinds[i].name, why);
    }
    if (fflush(stdout) == EOF) {
        warn("write");
        _exit(1);
    }
    _exit(0);
}

static void types(char *args[])
{
    (void)args;
    const int families[] = { AF_INET6, AF_UNIX, AF_INET };
    const char *names[] = { "AF_INET6", "AF_UNIX", "AF_INET" };

    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        if (child == -1)
            err(1, "fork");
        if (child == 0)
            try_family(families[i], names[i]);
        int status;
        while (waitpid(child, &status, 0) == -1)
            if (errno != EINTR)
                err(1, "waitpid");
        if (status != 0)
            exit(1);                    /* the child has said why */
    }
}

int main(int argc, char *argv[])
{
    static const struct {
        const char *name;
        void (*obey)(char *args[]);
        int args;
    } commands[] = {
        { "pton", pton, 1 }, { "ntop", ntop, 1 }, { "port", port, 1 },
        { "hton16", hton16, 1 }, { "hton32", hton32, 1 },
        { "service", service, 2 }, { "proto", proto, 1 },
        { "class", class, 1 }, { "consts", consts, 0 }, { "types", types, 0 },
    };

    std_reserve();
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (argc < 2 || strcmp(commands[i].name, argv[1]) != 0)
            continue;
        if (argc - 2 != commands[i].args)
            errx(2, "%s takes %d arguments", argv[1], commands[i].args);
        commands[i].obey(argv + 2);
        fputs(answer, stdout);
        if (fflush(stdout) == EOF)
            err(1, "write");
        return 0;
    }
    errx(2, "no such command");
}
