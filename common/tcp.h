/*
 * tcp.h - sockets that connect and listen
 *
 * What lesson 03 (a client that tries every address), lesson 04 (a server
 * that survives its clients) and lesson 08 (closing without a reset) teach,
 * for the lessons that build on them.
 *
 * A function that fails returns -1; tcp_connect and tcp_listen then say in
 * why which call failed and the reason, as in "bind: Address already in use".
 * None exits; only tcp_listen prints, the ready line.  All are thread-safe.
 */
#ifndef TCP_H
#define TCP_H

#include <sys/socket.h>

/* Bytes that hold why a function failed. */
#define TCP_WHY_SIZE 128

/*
 * Connect to a host, trying each of its addresses in turn.
 *
 * host      a name or numeric address
 * service   a port in digits or the name of a service
 * why       TCP_WHY_SIZE bytes: after a failure the last call that failed
 *
 * Returns a connected descriptor the caller must close(2), or -1.  Blocks
 * while the name is looked up and connections are tried; a signal does not
 * end it.
 */
int tcp_connect(const char *host, const char *service, char *why);

/*
 * Make a socket that listens on addr, and print the ready line.
 *
 * addr, len   IPv4 or IPv6; port 0 lets the kernel choose one
 * why         TCP_WHY_SIZE bytes: after a failure the call that failed
 *
 * Returns a descriptor the caller must close(2), or -1, also when stdout does
 * not take the ready line.
 */
int tcp_listen(const struct sockaddr_storage *addr, socklen_t len, char *why);

/*
 * Wait for the next client.
 *
 * listen_fd   a listening socket; it stays the caller's
 * peer        filled in with the client's address
 *
 * Returns a connection the caller must close(2), or -1 with errno set: EBADF,
 * EINVAL or ENOTSOCK when listen_fd is not a listening socket, EAGAIN when it
 * is non-blocking and no client waits.  Nothing a client does makes it fail.
 * Blocks, and goes on after a signal; while descriptors or memory are short
 * it pauses 100 ms and tries again, also when listen_fd is non-blocking.
 */
int tcp_accept(int listen_fd, struct sockaddr_storage *peer);

/*
 * End a connection so that the peer gets all that was sent, as lesson 08
 * does: say the end, throw away what the peer still sends, close.
 *
 * fd            closed in any case
 * patience_ms   how long to wait for the peer's end, in milliseconds
 */
void tcp_finish(int fd, int patience_ms);

#endif
