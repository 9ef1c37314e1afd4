/*
 * net.h - addresses as text, and the ready line of a server
 *
 * What every program needs and no lesson teaches twice: lesson 01 writes the
 * parsing of a port and of an IPv4 address by hand, the later ones use these.
 *
 * Every function here that can fail returns -1 with errno set; none exits,
 * none blocks, and all are thread-safe.
 */
#ifndef NET_H
#define NET_H

#include <netinet/in.h>
#include <sys/socket.h>

/* Bytes that hold any address as text: "[", address, "]:", port, NUL. */
#define NET_TEXT_SIZE (INET6_ADDRSTRLEN + 8)

/*
 * Read a port: decimal digits alone, 0 to 65535.
 *
 * text   no sign, no blank, nothing behind the digits; NULL is refused
 *
 * Returns the port in host byte order, or -1 with errno EINVAL.
 */
int net_parse_port(const char *text);

/*
 * Make a socket address of a numeric address and a port.
 *
 * text   IPv4 in dotted decimal ("127.0.0.1") or IPv6 ("::1"), never a name
 * port   0 to 65535, in host byte order
 * addr   filled in whole, unused bytes zero
 * len    set to the length that bind(2) and connect(2) ask for
 *
 * Returns 0, or -1 with errno EINVAL when text is no such address; *addr is
 * then undefined.
 */
int net_parse_address(const char *text, int port,
                      struct sockaddr_storage *addr, socklen_t *len);

/*
 * Write an address as "127.0.0.1:80" or "[::1]:80".
 *
 * addr   IPv4 or IPv6; an IPv4 address inside an IPv6 one (::ffff:127.0.0.1)
 *        is written as the IPv4 address it is
 * text   at least NET_TEXT_SIZE bytes; "?" when the family is another one
 *
 * Returns text.  Keeps errno.
 */
char *net_format_address(const struct sockaddr_storage *addr, char *text);

/*
 * Print the ready line "listening on 127.0.0.1:80" on stdout and flush it.
 *
 * addr   what getsockname(2) says about the listening socket
 *
 * Returns 0, or -1 with errno set when stdout does not take the line.
 */
int net_announce(const struct sockaddr_storage *addr);

#endif
