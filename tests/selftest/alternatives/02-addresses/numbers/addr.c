/*
 * addr.c - right, by another design: addresses are numbers in host order,
 * networks are masks, bytes come out by shifts; the kind of an IPv6 address
 * is told by the macros of netinet/in.h, ports are read by common/net.h.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "std.h"

#define UNKNOWN 1
#define REFUSED 2

static int pton(const char *text)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, text, &v4) == 1)
        return printf("4 %08" PRIx32 "\n", ntohl(v4.s_addr)) < 0;
    if (inet_pton(AF_INET6, text, &v6) != 1)
        return REFUSED;
    printf("6 ");
    for (int i = 0; i < 16; i += 4)
        printf("%02x%02x%02x%02x", v6.s6_addr[i], v6.s6_addr[i + 1],
               v6.s6_addr[i + 2], v6.s6_addr[i + 3]);
    printf("\n");
    return 0;
}

static int digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c | 32);

    return found == NULL ? -1 : (int)(found - digits);
}

static int ntop(const char *hex)
{
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];
    size_t len = strlen(hex);

    if (len != 8 && len != 32)
        return REFUSED;
    for (size_t i = 0; i < len; i += 2) {
        int high = digit(hex[i]), low = digit(hex[i + 1]);
        if (high == -1 || low == -1)
            return REFUSED;
        bytes[i / 2] = (unsigned char)(high << 4 | low);
    }
    return puts(inet_ntop(len == 8 ? AF_INET : AF_INET6, bytes, text,
                          sizeof text)) == EOF;
}

static int port(const char *text)
{
    int number = net_parse_port(text);

    if (number == -1)
        return REFUSED;
    return printf("%d\n", number) < 0;
}

static int hton(const char *text, int bits)
{
    uint64_t number = 0;

    if (*text == '\0')
        return REFUSED;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return REFUSED;
        number = number * 10 + (uint64_t)(*text - '0');
        if (number >> bits != 0)
            return REFUSED;
    }
    for (int shift = bits - 8; shift >= 0; shift -= 8)
        printf("%02x%c", (unsigned)(number >> shift & 0xff),
               shift == 0 ? '\n' : ' ');
    return 0;
}

static int service(const char *name, const char *proto)
{
    struct servent entry, *found = NULL;
    char room[8192];

    getservbyname_r(name, proto, &entry, room, sizeof room, &found);
    if (found == NULL)
        return UNKNOWN;
    return printf("%d\n", ntohs((in_port_t)found->s_port)) < 0;
}

static int proto(const char *name)
{
    struct protoent entry, *found = NULL;
    char room[8192];

    getprotobyname_r(name, &entry, room, sizeof room, &found);
    if (found == NULL)
        return UNKNOWN;
    return printf("%d\n", found->p_proto) < 0;
}

static const char *kind_of_v4(in_addr_t a)
{
    if (a == INADDR_ANY)
        return "any";
    if (a == INADDR_BROADCAST)
        return "broadcast";
    if (IN_MULTICAST(a))
        return "multicast";
    if ((a & 0xff000000) == (INADDR_LOOPBACK & 0xff000000))
        return "loopback";
    if ((a & 0xff000000) == 0x0a000000 || (a & 0xfff00000) == 0xac100000
        || (a & 0xffff0000) == 0xc0a80000)
        return "private";
    return (a & 0xffff0000) == 0xa9fe0000 ? "link-local" : "global";
}

static const char *kind_of_v6(const struct in6_addr *a)
{
    if (IN6_IS_ADDR_UNSPECIFIED(a))
        return "any";
    if (IN6_IS_ADDR_LOOPBACK(a))
        return "loopback";
    if (IN6_IS_ADDR_MULTICAST(a))
        return "multicast";
    if (IN6_IS_ADDR_LINKLOCAL(a))
        return "link-local";
    return (a->s6_addr[0] & 0xfe) == 0xfc ? "private" : "global";
}

static int class(const char *text)
{
    struct sockaddr_storage any;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&any;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&any;
    socklen_t len;

    if (net_parse_address(text, 0, &any, &len) == -1)
        return REFUSED;
    if (any.ss_family == AF_INET)
        return puts(kind_of_v4(ntohl(v4->sin_addr.s_addr))) == EOF;
    return puts(kind_of_v6(&v6->sin6_addr)) == EOF;
}

static int consts(void)
{
    printf("SOMAXCONN %d\nIPPORT_RESERVED %d\n", SOMAXCONN, IPPORT_RESERVED);
    printf("INADDR_ANY %08" PRIx32 "\n", INADDR_ANY);
    printf("INADDR_LOOPBACK %08" PRIx32 "\n", INADDR_LOOPBACK);
    printf("INADDR_BROADCAST %08" PRIx32 "\n", INADDR_BROADCAST);
    return 0;
}

static const char *why(int fd)
{
    if (fd != -1)
        return "ok";
    switch (errno) {
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

static int types(void)
{
    const char *types[] = { "STREAM", "DGRAM", "RAW", "RDM", "SEQPACKET" };
    const int families[] = { AF_UNIX, AF_INET, AF_INET6 };
    const char *names[] = { "AF_UNIX", "AF_INET", "AF_INET6" };

    for (int i = 0; i < 15; i++) {
        int fd = socket(families[i % 3], i / 3 + SOCK_STREAM, 0);
        printf("%s SOCK_%s %s\n", names[i % 3], types[i / 3], why(fd));
        if (fd != -1)
            close(fd);
    }
    return 0;
}

static int obey(int argc, const char *command, char *args[])
{
    if (argc == 4 && strcmp(command, "service") == 0)
        return service(args[0], args[1]);
    if (argc == 2 && strcmp(command, "consts") == 0)
        return consts();
    if (argc == 2 && strcmp(command, "types") == 0)
        return types();
    if (argc != 3)
        return REFUSED;
    if (strcmp(command, "pton") == 0)
        return pton(args[0]);
    if (strcmp(command, "ntop") == 0)
        return ntop(args[0]);
    if (strcmp(command, "port") == 0)
        return port(args[0]);
    if (strcmp(command, "hton16") == 0 || strcmp(command, "hton32") == 0)
        return hton(args[0], command[4] == '1' ? 16 : 32);
    if (strcmp(command, "proto") == 0)
        return proto(args[0]);
    return strcmp(command, "class") == 0 ? class(args[0]) : REFUSED;
}

int main(int argc, char *argv[])
{
    std_reserve();
    int status = argc < 2 ? REFUSED : obey(argc, argv[1], argv + 2);

    if (status == REFUSED)
        fprintf(stderr, "addr: that is no command I know, or no argument\n");
    else if (status == UNKNOWN)
        fprintf(stderr, "addr: %s: unknown\n", argv[2]);
    if (fflush(stdout) == EOF || ferror(stdout))
        err(1, "write");
    return status;
}
