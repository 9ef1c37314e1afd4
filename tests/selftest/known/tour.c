/*
 * tour.c - one of each call, on lines that say what the log must say
 *
 * A comment that begins with "log:" is what grader/bench/calls.py makes of the
 * call on that line, with P for any port and N for any process; the selftest
 * compares them, in this order.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in address;
static socklen_t len = sizeof address;
static int listen_fd, near_fd, far_fd;  /* 3, 4 and 5 throughout */
static char buf[100];
static volatile size_t room = sizeof buf;       /* so that fortify must ask */
static volatile nfds_t one = 1;
static struct iovec pieces[2] = { { buf, 2 }, { buf + 2, 98 } };

static void open_connection(void)
{
    int on = 1;

    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* log: socket(AF_INET, SOCK_STREAM) = 3 */
    listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    /* log: setsockopt(3, SO_REUSEADDR, 1) = 0 */
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* log: bind(3, 127.0.0.1:0) = 0 */
    bind(listen_fd, (struct sockaddr *)&address, len);
    listen(listen_fd, 4); /* log: listen(3, 4) = 0 */
    /* log: getsockname(3) = 0 */
    getsockname(listen_fd, (struct sockaddr *)&address, &len);
    /* log: socket(AF_INET, SOCK_STREAM) = 4 */
    near_fd = socket(AF_INET, SOCK_STREAM, 0);
    /* log: connect(4, 127.0.0.1:P) = 0 */
    connect(near_fd, (struct sockaddr *)&address, len);
    far_fd = accept(listen_fd, NULL, NULL); /* log: accept(3) = 5 */
    /* log: getpeername(4) = 0 */
    getpeername(near_fd, (struct sockaddr *)&address, &len);
    /* log: getsockopt(4, SO_TYPE, 1) = 0 */
    getsockopt(near_fd, SOL_SOCKET, SO_TYPE, &on, &len);
}

static void move_bytes(void)
{
    struct msghdr message = { .msg_iov = pieces, .msg_iovlen = 1 };

    send(near_fd, "hello", 5, 0); /* log: send(4, 5) = 5 */
    recv(far_fd, buf, room, 0); /* log: recv(5, 100) = 5 */
    sendto(near_fd, "salve", 5, 0, NULL, 0); /* log: sendto(4, 5) = 5 */
    recvfrom(far_fd, buf, room, 0, NULL, NULL); /* log: recvfrom(5, 100) = 5 */
    if (write(near_fd, "hello", 5)) /* log: write(4, 5) = 5 */
        if (read(far_fd, buf, room)) /* log: read(5, 100) = 5 */
            buf[5] = '\0';
    sendmsg(near_fd, &message, 0); /* log: sendmsg(4, 2) = 2 */
    recvmsg(far_fd, &message, 0); /* log: recvmsg(5, 2) = 2 */
    if (writev(near_fd, pieces, 1)) /* log: writev(4, 2) = 2 */
        if (readv(far_fd, pieces, 2)) /* log: readv(5, 100) = 2 */
            shutdown(near_fd, SHUT_WR); /* log: shutdown(4, SHUT_WR) = 0 */
    recv(far_fd, buf, sizeof buf, 0); /* log: recv(5, 100) = 0 */
    /* log: recv(4, 1, MSG_DONTWAIT) = -1 EAGAIN */
    recv(near_fd, buf, 1, MSG_DONTWAIT);
    /* log: recvfrom(-1, 100, MSG_PEE...) = -1 EBADF */
    recvfrom(-1, buf, room, MSG_PEEK | MSG_DONTWAIT, NULL, NULL);
}

static void wait_for_things(void)
{
    struct pollfd ready = { .fd = far_fd, .events = POLLIN };
    struct epoll_event event = { .events = EPOLLIN, .data.fd = far_fd };
    struct timespec soon = { 0, 1000000 };
    fd_set set;

    FD_ZERO(&set);
    FD_SET(far_fd, &set);
    poll(&ready, one, -1); /* log: poll(1 descriptor, no timeout) = 1 */
    ppoll(&ready, one, &soon, NULL); /* log: ppoll(1 descriptor, 1 ms) = 1 */
    /* log: select(6, no timeout) = 1 */
    select(far_fd + 1, &set, NULL, NULL, NULL);
    pselect(0, NULL, NULL, NULL, &soon, NULL); /* log: pselect(0, 1 ms) = 0 */
    int epoll_fd = epoll_create1(0); /* log: epoll_create1() = 6 */
    /* log: epoll_ctl(6, EPOLL_CTL_ADD, 5) = 0 */
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, far_fd, &event);
    /* log: epoll_wait(6, 1, no timeout) = 1 */
    epoll_wait(epoll_fd, &event, 1, -1);
    /* log: epoll_pwait(6, 1, 0 ms) = 1 */
    epoll_pwait(epoll_fd, &event, 1, 0, NULL);
    close(epoll_fd);
    nanosleep(&soon, NULL); /* log: nanosleep(1 ms) = 0 */
    usleep(1000); /* log: usleep(1 ms) = 0 */
}

static void ask_for_names(void)
{
    struct addrinfo *list, hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo numeric = { .ai_flags = AI_NUMERICHOST };
    const socklen_t size = sizeof address;
    struct in_addr ip;
    char host[sizeof address];

    inet_aton("127.0.0.9", &ip); /* log: inet_aton("127.0.0.9") = 1 */
    inet_ntoa(ip); /* log: inet_ntoa() = "127.0.0.9" */
    inet_addr("127.1"); /* log: inet_addr("127.1") = 16777343 */
    /* log: getaddrinfo("127.0.0.1", "80") = 0 */
    getaddrinfo("127.0.0.1", "80", &hints, &list);
    /* log: getnameinfo() = 0 */
    getnameinfo(list->ai_addr, size, host, size, NULL, 0, NI_NUMERICHOST);
    freeaddrinfo(list); /* log: freeaddrinfo() */
    /* log: getaddrinfo("n.invalid"...) = EAI_NONAME */
    getaddrinfo("n.invalid", NULL, &numeric, &list);
}

static void use_streams(void)
{
    int pair[2];

    /* log: socketpair(AF_UNIX, SOCK_STREAM) = 0 */
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    FILE *near = fdopen(pair[0], "w"); /* log: fdopen(6) */
    FILE *far = fdopen(pair[1], "r"); /* log: fdopen(7) */
    fprintf(near, "one line\n");
    if (fileno(near) == pair[0])
        fflush(near); /* log: write(6, 9) = 9 */
    if (fgets(buf, sizeof buf, far)) /* log: read(7, 8192) = 9 */
        fclose(near); /* log: close(6) = 0 */
    fclose(far); /* log: close(7) = 0 */
}

static void use_descriptors(void)
{
    int pair[2];

    /* log: fcntl(5, F_SETFL, O_NONBLOCK) = 0 */
    fcntl(far_fd, F_SETFL, O_NONBLOCK);
    int copy = dup(far_fd); /* log: dup(5) = 6 */
    dup2(far_fd, copy); /* log: dup2(5, 6) = 6 */
    close(copy); /* log: close(6) = 0 */
    close(copy); /* log: close(6) = -1 EBADF */
    if (pipe(pair) == 0) { /* log: pipe() = 0 */
        close(pair[0]);
        close(pair[1]);
    }
    int event_fd = eventfd(0, 0); /* log: eventfd(0) = 6 */
    close(event_fd);
}

int main(void)
{
    open_connection();
    move_bytes();
    wait_for_things();
    ask_for_names();
    use_streams();
    use_descriptors();
    signal(SIGPIPE, SIG_IGN); /* log: signal(SIGPIPE, SIG_IGN) */
    pid_t pid = fork(); /* log: fork() = N */
    if (pid == 0)
        _exit(3);
    kill(pid, 0); /* log: kill(N, 0) = N */
    waitpid(pid, NULL, 0); /* log: waitpid(N) = N */
    close(far_fd); /* log: close(5) = 0 */
    exit(0); /* log: exit(0) */
}
