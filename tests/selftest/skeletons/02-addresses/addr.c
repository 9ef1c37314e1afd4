/*
 * addr.c - lesson 02: addresses, ports, and the order of bytes
 *
 * Usage: addr COMMAND [ARG...]
 *
 *   pton TEXT            an address as bytes: "4 7f000001", or "6 ..."
 *   ntop HEX             the way back: 8 or 32 hex digits as an address
 *   port TEXT            a port: digits alone, 0 to 65535
 *   hton16 N, hton32 N   a number as the bytes that go on the wire
 *   service NAME PROTO   the port of a service, such as http tcp
 *   proto NAME           the number of a protocol, such as tcp
 *   class TEXT           the kind of an address, such as private
 *   consts               constants that the headers define
 *   types                the kinds of sockets this machine can make
 *
 * Prints its answer on stdout and asks no other machine for it.  Exits with
 * 0, with 1 when a service or protocol is unknown or a call fails, with 2 on a
 * usage error.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"
#include "todo.h"           /* remove it with the last step */

#define EXIT_USAGE 2
#define PORT_MAX   65535
#define IPV4_SIZE  4            /* bytes */
#define IPV6_SIZE  16           /* bytes */
#define COUNT(array) (sizeof (array) / sizeof (array)[0])

struct address {
    int family;                             /* AF_INET or AF_INET6 */
    unsigned char bytes[IPV6_SIZE];         /* as they go on the wire */
};

/* All addresses that begin with the same bits, and what they are for. */
struct network {
    const char *first;                      /* its first address */
    int bits;                               /* that all of them share */
    const char *kind;
};

static const struct network networks[] = {
    { "0.0.0.0", 32, "any" },
    { "127.0.0.0", 8, "loopback" },
    { "10.0.0.0", 8, "private" },
    { "172.16.0.0", 12, "private" },
    { "192.168.0.0", 16, "private" },
    { "169.254.0.0", 16, "link-local" },
    { "224.0.0.0", 4, "multicast" },
    { "255.255.255.255", 32, "broadcast" },
    { "::", 128, "any" },
    { "::1", 128, "loopback" },
    { "fc00::", 7, "private" },
    { "fe80::", 10, "link-local" },
    { "ff00::", 8, "multicast" },
};

struct name {
    int value;
    const char *text;
};

static const struct name families[] = {
    { AF_UNIX, "AF_UNIX" },
    { AF_INET, "AF_INET" },
    { AF_INET6, "AF_INET6" },
};

static const struct name types[] = {
    { SOCK_STREAM, "SOCK_STREAM" },
    { SOCK_DGRAM, "SOCK_DGRAM" },
    { SOCK_RAW, "SOCK_RAW" },
    { SOCK_RDM, "SOCK_RDM" },
    { SOCK_SEQPACKET, "SOCK_SEQPACKET" },
};

/* What socket(2) may say, and 0 for no error at all. */
static const struct name errors[] = {
    { 0, "ok" },
    { EACCES, "EACCES" },
    { EAFNOSUPPORT, "EAFNOSUPPORT" },
    { EINVAL, "EINVAL" },
    { EMFILE, "EMFILE" },
    { ENFILE, "ENFILE" },
    { ENOBUFS, "ENOBUFS" },
    { ENOMEM, "ENOMEM" },
    { EOPNOTSUPP, "EOPNOTSUPP" },
    { EPERM, "EPERM" },
    { EPROTONOSUPPORT, "EPROTONOSUPPORT" },
    { EPROTOTYPE, "EPROTOTYPE" },
    { ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT" },
};

static size_t address_size(const struct address *address)
{
    return address->family == AF_INET ? IPV4_SIZE : IPV6_SIZE;
}

/*
 * Read an address: IPv4 in dotted decimal, or IPv6.
 *
 * Returns 0, or -1 when text is neither.
 */
static int address_parse(struct address *address, const char *text)
{
    /* Step 1. Family and bytes; text that fits no family: -1.  inet_pton(3) */
    return todo(1);
}

/*
 * Write an address as people do; text holds INET6_ADDRSTRLEN bytes.
 *
 * Returns 0, or -1 with errno set.
 */
static int address_format(const struct address *address, char *text)
{
    /* Step 2. The text of the address, of either family.  inet_ntop(3) */
    return todo(2);
}

/*
 * Read the bytes of an address: 8 hex digits are IPv4, 32 are IPv6.
 *
 * Returns 0, or -1 when hex is anything else.
 */
static int address_parse_hex(struct address *address, const char *hex)
{
    size_t len = strspn(hex, "0123456789abcdefABCDEF");

    if (hex[len] != '\0' || (len != 2 * IPV4_SIZE && len != 2 * IPV6_SIZE))
        return -1;
    address->family = len == 2 * IPV4_SIZE ? AF_INET : AF_INET6;
    for (size_t i = 0; i < len / 2; i++) {
        char pair[] = { hex[2 * i], hex[2 * i + 1], '\0' };
        address->bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return 0;
}

/*
 * Read a number from 0 to max: digits alone, no sign, no blank.
 *
 * Returns 0 with the number in *value, or -1 when text is anything else;
 * *value is then undefined.
 */
static int parse_number(const char *text, uint32_t max, uint32_t *value)
{
    /* Step 3. Digits alone; too large is a failure, not cut.  strtoull(3) */
    return todo(3);
}

/* Put a number of 16 bits into wire, as it goes there. */
static void pack16(unsigned char wire[2], uint16_t number)
{
    /* Step 4. Large byte first, on any machine.  htons(3), memcpy(3) */
    todo(4);
}

/* Put a number of 32 bits into wire, as it goes there. */
static void pack32(unsigned char wire[4], uint32_t number)
{
    /* Step 5. The same with four bytes.  htonl(3), memcpy(3) */
    todo(5);
}

/*
 * Returns the port of a service, or -1 when this machine's list has none of
 * that name for that protocol.
 */
static int find_service(const char *name, const char *proto)
{
    /* Step 6. Look it up, and look at its byte order.  getservbyname(3) */
    return todo(6);
}

/*
 * Say whether a and b begin with the same bits.
 *
 * bits   0 to 8 times the size of both; nothing behind that is looked at
 */
static bool starts_alike(const unsigned char *a, const unsigned char *b,
                         int bits)
{
    /* Step 7. Whole bytes, then the bits left over, if any.  memcmp(3) */
    return todo(7);
}

/*
 * Ask the kernel for a socket with protocol 0, and give it back.
 *
 * Returns 0, or the errno of socket.
 */
static int try_socket(int family, int type)
{
    /* Step 8. Keep errno, leave nothing open.  socket(2), close(2) */
    return todo(8);
}

/* Print bytes as hex digits, two each, with something between them. */
static void print_bytes(const unsigned char *bytes, size_t size,
                        const char *between)
{
    for (size_t i = 0; i < size; i++)
        printf("%s%02x", i == 0 ? "" : between, bytes[i]);
    printf("\n");
}

/*
 * Print the name of a value.  What has no name is printed as a number.
 */
static void print_name(int value, const struct name *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i].value == value) {
            printf("%s\n", names[i].text);
            return;
        }
    }
    printf("%d\n", value);
}

/* The commands: each takes its arguments and returns an exit status. */

static int run_pton(char *args[])
{
    struct address address;

    if (address_parse(&address, args[0]) == -1)
        return EXIT_USAGE;
    printf("%c ", address.family == AF_INET ? '4' : '6');
    print_bytes(address.bytes, address_size(&address), "");
    return EXIT_SUCCESS;
}

static int run_ntop(char *args[])
{
    struct address address;
    char text[INET6_ADDRSTRLEN];

    if (address_parse_hex(&address, args[0]) == -1)
        return EXIT_USAGE;
    if (address_format(&address, text) == -1)
        err(EXIT_FAILURE, "inet_ntop");
    printf("%s\n", text);
    return EXIT_SUCCESS;
}

static int run_port(char *args[])
{
    uint32_t port;

    if (parse_number(args[0], PORT_MAX, &port) == -1)
        return EXIT_USAGE;
    printf("%u\n", (unsigned)port);
    return EXIT_SUCCESS;
}

static int run_hton16(char *args[])
{
    unsigned char wire[2];
    uint32_t number;

    if (parse_number(args[0], UINT16_MAX, &number) == -1)
        return EXIT_USAGE;
    pack16(wire, (uint16_t)number);
    print_bytes(wire, sizeof wire, " ");
    return EXIT_SUCCESS;
}

static int run_hton32(char *args[])
{
    unsigned char wire[4];
    uint32_t number;

    if (parse_number(args[0], UINT32_MAX, &number) == -1)
        return EXIT_USAGE;
    pack32(wire, number);
    print_bytes(wire, sizeof wire, " ");
    return EXIT_SUCCESS;
}

static int run_service(char *args[])
{
    int port = find_service(args[0], args[1]);

    if (port == -1)
        return EXIT_FAILURE;
    printf("%d\n", port);
    return EXIT_SUCCESS;
}

static int run_proto(char *args[])
{
    const struct protoent *protocol = getprotobyname(args[0]);

    if (protocol == NULL)
        return EXIT_FAILURE;
    printf("%d\n", protocol->p_proto);  /* an int: no order to care about */
    return EXIT_SUCCESS;
}

static int run_class(char *args[])
{
    struct address address, first;
    const char *kind = "global";

    if (address_parse(&address, args[0]) == -1)
        return EXIT_USAGE;
    for (size_t i = 0; i < COUNT(networks); i++) {
        const struct network *network = &networks[i];
        if (address_parse(&first, network->first) == 0
            && first.family == address.family
            && starts_alike(address.bytes, first.bytes, network->bits))
            kind = network->kind;
    }
    printf("%s\n", kind);
    return EXIT_SUCCESS;
}

static int run_consts(char *args[])
{
    (void)args;
    /* The INADDR_ ones are numbers of this machine: %x needs no ntohl. */
    printf("INADDR_ANY %08x\n", (unsigned)INADDR_ANY);
    printf("INADDR_BROADCAST %08x\n", (unsigned)INADDR_BROADCAST);
    printf("INADDR_LOOPBACK %08x\n", (unsigned)INADDR_LOOPBACK);
    printf("IPPORT_RESERVED %d\n", IPPORT_RESERVED);
    printf("SOMAXCONN %d\n", SOMAXCONN);
    return EXIT_SUCCESS;
}

static int run_types(char *args[])
{
    (void)args;
    for (size_t f = 0; f < COUNT(families); f++) {
        for (size_t t = 0; t < COUNT(types); t++) {
            int why = try_socket(families[f].value, types[t].value);
            printf("%s %s ", families[f].text, types[t].text);
            print_name(why, errors, COUNT(errors));
        }
    }
    return EXIT_SUCCESS;
}

static const struct command {
    const char *name;
    int args;                               /* how many it takes */
    int (*run)(char *args[]);
} commands[] = {
    { "pton", 1, run_pton },
    { "ntop", 1, run_ntop },
    { "port", 1, run_port },
    { "hton16", 1, run_hton16 },
    { "hton32", 1, run_hton32 },
    { "service", 2, run_service },
    { "proto", 1, run_proto },
    { "class", 1, run_class },
    { "consts", 0, run_consts },
    { "types", 0, run_types },
};

int main(int argc, char *argv[])
{
    const struct command *command = NULL;

    std_reserve();
    for (size_t i = 0; argc >= 2 && i < COUNT(commands); i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            command = &commands[i];
    if (command == NULL || argc - 2 != command->args)
        errx(EXIT_USAGE, "usage: addr pton|ntop|port|hton16|hton32|service|"
                         "proto|class|consts|types [ARG...]");

    int status = command->run(argv + 2);
    if (status == EXIT_USAGE)
        errx(status, "%s: malformed argument '%s'", argv[1], argv[2]);
    if (status != EXIT_SUCCESS)
        errx(status, "%s: no answer for '%s'", argv[1], argv[2]);
    if (fflush(stdout) == EOF || ferror(stdout))
        err(EXIT_FAILURE, "write");
    return EXIT_SUCCESS;
}
