/*
 * addr.c - right, by another design: nothing of the library is asked but the
 * kernel and two files.  Addresses are parsed and written by hand, IPv4 as an
 * IPv6 address inside ::ffff:0:0/96; lists are read from /etc; types makes
 * all its sockets before it closes the first of a family.
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

enum { FINE, UNKNOWN, REFUSED };

struct parsed {
    int version;                /* 4 or 6 */
    uint16_t group[8];          /* of IPv4 the last two */
};

/* Read four numbers with dots up to the end of text; 0 or -1. */
static int parse_v4(const char *text, uint16_t group[2])
{
    uint32_t all = 0;

    for (int i = 0; i < 4; i++) {
        uint32_t part = 0;
        int digits = 0;
        for (; *text >= '0' && *text <= '9'; text++) {
            if (digits++ > 0 && part == 0)
                return -1;
            part = part * 10 + (uint32_t)(*text - '0');
            if (part > 255)
                return -1;
        }
        if (digits == 0 || *text++ != (i < 3 ? '.' : '\0'))
            return -1;
        all = all << 8 | part;
    }
    group[0] = (uint16_t)(all >> 16);
    group[1] = (uint16_t)all;
    return 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f')
        return (c | 32) - 'a' + 10;
    return -1;
}

/*
 * Read groups with colons between them, up to the end of text or "::".
 *
 * Returns how many, -1 when it cannot; *text is moved on.
 */
static int parse_groups(const char **text, uint16_t *group, int room)
{
    int count = 0;

    while (**text != '\0' && **text != ':') {
        const char *start = *text;
        unsigned value = 0;
        if (count == room)
            return -1;
        for (; hex_value(**text) != -1; ++*text)
            value = value << 4 | (unsigned)hex_value(**text);
        if (**text == '.' && count <= room - 2) {
            *text += strlen(*text);
            return parse_v4(start, group + count) == -1 ? -1 : count + 2;
        }
        if (*text == start || *text - start > 4)
            return -1;
        group[count++] = (uint16_t)value;
        if (**text == ':' && (*text)[1] == ':')
            return count;
        if (**text == ':' && *++*text == '\0')
            return -1;
    }
    return count;
}

static int parse_v6(const char *text, uint16_t group[8])
{
    uint16_t behind[8];
    int after, before = parse_groups(&text, group, 8);

    if (before == -1)
        return -1;
    if (*text == '\0')
        return before == 8 ? 0 : -1;
    if (text[0] != ':' || text[1] != ':' || before == 8)
        return -1;
    text += 2;
    after = *text == ':' ? -1 : parse_groups(&text, behind, 7 - before);
    if (after == -1 || *text != '\0')
        return -1;
    memset(group + before, 0, (size_t)(8 - before) * sizeof group[0]);
    memcpy(group + 8 - after, behind, (size_t)after * sizeof group[0]);
    return 0;
}

static int parse(const char *text, struct parsed *a)
{
    memset(a, 0, sizeof *a);
    a->version = strchr(text, ':') == NULL ? 4 : 6;
    a->group[5] = a->version == 4 ? 0xffff : 0;
    return a->version == 4 ? parse_v4(text, a->group + 6)
                           : parse_v6(text, a->group);
}

static int pton(char *args[])
{
    struct parsed a;

    if (parse(args[0], &a) == -1)
        return REFUSED;
    printf("%d ", a.version);
    for (int i = a.version == 4 ? 6 : 0; i < 8; i++)
        printf("%04x", a.group[i]);
    printf("\n");
    return FINE;
}

static void write_v4(const uint16_t group[2])
{
    printf("%d.%d.%d.%d\n", group[0] >> 8, group[0] & 255, group[1] >> 8,
           group[1] & 255);
}

static void write_v6(const uint16_t group[8])
{
    int best = -1, length = 1;

    for (int i = 0; i < 8; i++) {
        int run = 0;
        while (i + run < 8 && group[i + run] == 0)
            run++;
        if (run > length) {
            best = i;
            length = run;
        }
    }
    if (best == 0 && length == 5 && group[5] == 0xffff) {
        printf("::ffff:");
        write_v4(group + 6);
        return;
    }
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            printf("::");
            i += length - 1;
        } else {
            printf(i == 0 || i == best + length ? "%x" : ":%x", group[i]);
        }
    }
    printf("\n");
}

static int ntop(char *args[])
{
    const char *hex = args[0];
    size_t len = strlen(hex);
    uint16_t group[8] = { 0 };

    if (len != 8 && len != 32)
        return REFUSED;
    for (size_t i = 0; i < len; i++) {
        if (hex_value(hex[i]) == -1)
            return REFUSED;
        group[i / 4] = (uint16_t)(group[i / 4] << 4 | hex_value(hex[i]));
    }
    if (len == 8)
        write_v4(group);
    else
        write_v6(group);
    return FINE;
}

static int read_number(const char *text, uint64_t limit, uint64_t *number)
{
    *number = 0;
    do {
        if (*text < '0' || *text > '9')
            return -1;
        *number = *number * 10 + (uint64_t)(*text - '0');
        if (*number >= limit)
            return -1;
    } while (*++text != '\0');
    return 0;
}

static int port(char *args[])
{
    uint64_t number;

    if (read_number(args[0], 1 << 16, &number) == -1)
        return REFUSED;
    printf("%u\n", (unsigned)number);
    return FINE;
}

static int hton16(char *args[])
{
    uint64_t n;

    if (read_number(args[0], 1 << 16, &n) == -1)
        return REFUSED;
    printf("%02x %02x\n", (unsigned)(n / 256), (unsigned)(n % 256));
    return FINE;
}

static int hton32(char *args[])
{
    uint64_t n;

    if (read_number(args[0], (uint64_t)1 << 32, &n) == -1)
        return REFUSED;
    printf("%02x %02x %02x %02x\n", (unsigned)(n >> 24),
           (unsigned)(n >> 16 & 255), (unsigned)(n >> 8 & 255),
           (unsigned)(n & 255));
    return FINE;
}

/*
 * Find a name in a file of lines "name number alias ...", where the number
 * may be followed by "/" and what must be `behind`.  Returns it, or -1.
 */
static long find(const char *path, const char *name, const char *behind)
{
    FILE *file = fopen(path, "re");
    char line[4096];
    long found = -1;

    while (file != NULL && found == -1 && fgets(line, sizeof line, file)) {
        char *more, *end, *first, *word;
        line[strcspn(line, "#\n")] = '\0';
        first = strtok_r(line, " \t", &more);
        char *number = first ? strtok_r(NULL, " \t", &more) : NULL;
        if (number == NULL)
            continue;
        long value = strtol(number, &end, 10);
        if (strcmp(*end == '/' ? end + 1 : end, behind) != 0)
            continue;
        for (word = first; word != NULL; word = strtok_r(NULL, " \t", &more))
            if (strcmp(word, name) == 0)
                found = value;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

static int service(char *args[])
{
    long value = find("/etc/services", args[0], args[1]);

    return value == -1 ? UNKNOWN : printf("%ld\n", value) < 0;
}

static int proto(char *args[])
{
    long value = find("/etc/protocols", args[0], "");

    return value == -1 ? UNKNOWN : printf("%ld\n", value) < 0;
}

static const char *kind(const struct parsed *a)
{
    static const struct { int version, bits; const char *first, *kind; } t[] = {
        { 4, 128, "::ffff:0.0.0.0", "any" },
        { 4, 104, "::ffff:127.0.0.0", "loopback" },
        { 4, 104, "::ffff:10.0.0.0", "private" },
        { 4, 108, "::ffff:172.16.0.0", "private" },
        { 4, 112, "::ffff:192.168.0.0", "private" },
        { 4, 112, "::ffff:169.254.0.0", "link-local" },
        { 4, 100, "::ffff:224.0.0.0", "multicast" },
        { 4, 128, "::ffff:255.255.255.255", "broadcast" },
        { 6, 128, "::", "any" }, { 6, 128, "::1", "loopback" },
        { 6, 7, "fc00::", "private" }, { 6, 10, "fe80::", "link-local" },
        { 6, 8, "ff00::", "multicast" },
    };

    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        uint16_t first[8];
        int bit = 0;
        if (parse_v6(t[i].first, first) == -1 || t[i].version != a->version)
            continue;
        while (bit < t[i].bits
               && ((first[bit / 16] ^ a->group[bit / 16])
                   >> (15 - bit % 16) & 1) == 0)
            bit++;
        if (bit == t[i].bits)
            return t[i].kind;
    }
    return "global";
}

static int class(char *args[])
{
    struct parsed a;

    if (parse(args[0], &a) == -1)
        return REFUSED;
    printf("%s\n", kind(&a));
    return FINE;
}

static int consts(char *args[])
{
    (void)args;
    printf("IPPORT_RESERVED %d\n", IPPORT_RESERVED);
    printf("INADDR_LOOPBACK %x\n", INADDR_LOOPBACK);
    printf("INADDR_BROADCAST %x\n", INADDR_BROADCAST);
    printf("INADDR_ANY %08x\n", INADDR_ANY);
    printf("SOMAXCONN %d\n", SOMAXCONN);
    return FINE;
}

static const char *error_name(int error)
{
    switch (error) {
    case 0:
        return "ok";
    case EAFNOSUPPORT:
        return "EAFNOSUPPORT";
    case ESOCKTNOSUPPORT:
        return "ESOCKTNOSUPPORT";
    case EPROTONOSUPPORT:
        return "EPROTONOSUPPORT";
    case EACCES:
        return "EACCES";
    default:
        return "EPERM";
    }
}

static int types(char *args[])
{
    static const int family[] = { AF_INET6, AF_INET, AF_UNIX };
    static const char *names[] = { "AF_INET6", "AF_INET", "AF_UNIX" };
    static const char *kinds[] = { "SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW",
                                   "SOCK_RDM", "SOCK_SEQPACKET" };

    (void)args;
    for (int i = 0; i < 3; i++) {
        int fds[5], error[5];
        for (int k = 0; k < 5; k++) {
            fds[k] = socket(family[i], SOCK_STREAM + k, 0);
            error[k] = fds[k] == -1 ? errno : 0;
        }
        for (int k = 0; k < 5; k++) {
            printf("%s %s %s\n", names[i], kinds[k], error_name(error[k]));
            if (fds[k] != -1)
                close(fds[k]);
        }
    }
    return FINE;
}

int main(int argc, char *argv[])
{
    static const char *names = "pton ntop port hton16 hton32 service proto "
                               "class consts types";
    static int (*const obey[])(char *args[]) = {
        pton, ntop, port, hton16, hton32, service, proto, class, consts, types
    };
    char name[16];
    int used, status = REFUSED;

    std_reserve();
    for (int i = 0; argc > 1 && i < 10; i++, names += used) {
        int takes = i == 5 ? 2 : i < 8;
        if (sscanf(names, "%15s%n", name, &used) != 1)
            break;
        if (strcmp(name, argv[1]) == 0 && argc == takes + 2)
            status = obey[i](argv + 2);
    }
    if (status != FINE)
        fprintf(stderr, "addr: %s\n", status == UNKNOWN ? "no such name"
                                                        : "wrong usage");
    if (fflush(stdout) == EOF || ferror(stdout))
        err(1, "write");
    return status;
}
