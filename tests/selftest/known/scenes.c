/*
 * scenes.c - small scenes for the plan to disturb
 *
 * Usage: scenes NAME
 *
 * Plays the scene of that name and prints, a line each, what its calls return:
 * the number, or the name of errno.  Each scene has its connection to itself,
 * near at one end, far at the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in address;
static socklen_t len = sizeof address;
static int listen_fd, near, far;
static char buf[100];

/* By raw system calls, so that neither log nor plan sees it. */
static void say(const char *what, long result)
{
    char line[80];
    int n = result == -1
        ? snprintf(line, sizeof line, "%s %s\n", what, strerrorname_np(errno))
        : snprintf(line, sizeof line, "%s %ld\n", what, result);

    syscall(SYS_write, 1, line, n);
}

static int another(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    connect(fd, (struct sockaddr *)&address, len);
    return fd;
}

static void start_listening(void)
{
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    bind(listen_fd, (struct sockaddr *)&address, len);
    listen(listen_fd, 8);
    getsockname(listen_fd, (struct sockaddr *)&address, &len);
}

static void start_connection(void)
{
    start_listening();
    near = another();
    far = (int)syscall(SYS_accept4, listen_fd, NULL, NULL, 0);
}

static void give(int count)
{
    syscall(SYS_sendto, near, "0123456789", count, 0, NULL, 0);
}

static void drain(int fd)
{
    char rest[100];

    while (syscall(SYS_recvfrom, fd, rest, sizeof rest, MSG_DONTWAIT, NULL,
                   NULL) > 0)
        ;
}

static void receive(void)
{
    struct iovec pieces[2] = { { buf, 2 }, { buf + 2, 2 } };
    struct msghdr message = { .msg_iov = pieces, .msg_iovlen = 2 };

    start_connection();
    for (int i = 0; i < 5; i++) {
        give(4);
        switch (i) {
        case 0: say("recv", recv(far, buf, 4, 0)); break;
        case 1: say("recvfrom", recvfrom(far, buf, 4, 0, NULL, NULL)); break;
        case 2: say("recvmsg", recvmsg(far, &message, 0)); break;
        case 3: say("read", read(far, buf, 4)); break;
        case 4: say("readv", readv(far, pieces, 2)); break;
        }
        drain(far);
    }
}

static void transmit(void)
{
    struct iovec pieces[2] = { { buf, 2 }, { buf + 2, 2 } };
    struct msghdr message = { .msg_iov = pieces, .msg_iovlen = 2 };

    start_connection();
    say("send", send(near, buf, 4, MSG_NOSIGNAL));
    say("sendto", sendto(near, buf, 4, MSG_NOSIGNAL, NULL, 0));
    say("sendmsg", sendmsg(near, &message, MSG_NOSIGNAL));
    say("write", write(near, buf, 4));
    say("writev", writev(near, pieces, 2));
}

static void wait_all(void)
{
    start_connection();
    give(4);
    say("recv", recv(far, buf, 4, MSG_WAITALL));
}

static void datagram(void)
{
    int pair[2];

    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    say("send", send(pair[0], "hello", 5, 0));
    say("recv", recv(pair[1], buf, 5, 0));
}

static void standard(void)
{
    say("read", read(0, buf, 5));
    say("write", write(1, "12345\n", 6));
}

static void non_blocking(void)
{
    start_connection();
    give(4);
    say("recv", recv(far, buf, 1, 0));
    say("recv", recv(far, buf, 1, MSG_DONTWAIT));
    fcntl(far, F_SETFL, O_NONBLOCK);
    say("recv", recv(far, buf, 1, 0));
}

static void accepting(void)
{
    start_listening();
    fcntl(listen_fd, F_SETFL, O_NONBLOCK);
    say("accept", accept(listen_fd, NULL, NULL));
    int first = another(), second = another();
    say("accept", accept(listen_fd, NULL, NULL));
    say("accept", accept(listen_fd, NULL, NULL));
    say("accept", accept(listen_fd, NULL, NULL));
    say("first", recv(first, buf, 1, MSG_DONTWAIT));
    say("second", recv(second, buf, 1, MSG_DONTWAIT));
}

static void *connect_twice(void *unused)
{
    another();
    another();
    return unused;
}

static void accept_blocked(void)
{
    pthread_t thread;

    start_listening();
    pthread_create(&thread, NULL, connect_twice, NULL);
    say("accept", accept(listen_fd, NULL, NULL) == -1 ? -1 : 0);
    say("accept", accept(listen_fd, NULL, NULL) == -1 ? -1 : 0);
    pthread_join(thread, NULL);
}

static void on_alarm(int number)
{
    (void)number;
}

static void accept_interrupted(void)
{
    struct sigaction action = { .sa_handler = on_alarm };
    struct itimerval often = { { 0, 5000 }, { 0, 5000 } };

    start_listening();
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    say("accept", accept(listen_fd, NULL, NULL));
}

static void connecting(void)
{
    int error = -1;
    socklen_t size = sizeof error;

    start_listening();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    say("connect", connect(fd, (struct sockaddr *)&address, len));
    say("poll", poll(&ready, 1, 5000));
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    say("error", error);
    say("blocking", !(fcntl(fd, F_GETFL) & O_NONBLOCK));
}

/* The same where nobody listens any more. */
static void connecting_in_vain(void)
{
    int error = -1;
    socklen_t size = sizeof error;

    start_listening();
    close(listen_fd);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    say("connect", connect(fd, (struct sockaddr *)&address, len));
    say("poll", poll(&ready, 1, 5000));
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    say("refused", error == ECONNREFUSED);
}

/* Every call is made again as long as a signal has interrupted it. */
static void persistent(void)
{
    int tries = 0;

    start_connection();
    give(4);
    for (int i = 0; i < 2; i++) {
        while (recv(far, buf, 2, 0) == -1 && errno == EINTR)
            tries++;
        tries++;
    }
    say("tries", tries);
}

static void descriptors(void)
{
    int pair[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);

    say("dup", dup(null) >= 0 ? 0 : -1);
    say("dup2", dup2(null, null) >= 0 ? 0 : -1);
    say("fcntl", fcntl(null, F_DUPFD_CLOEXEC, 0) >= 0 ? 0 : -1);
    say("flags", fcntl(null, F_GETFD));
    say("socket", socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : -1);
    say("pipe", pipe(pair));
    say("eventfd", eventfd(0, 0) >= 0 ? 0 : -1);
    say("epoll", epoll_create1(0) >= 0 ? 0 : -1);
    say("fdopen", fdopen(null, "r") != NULL ? 0 : -1);
}

/* What the program asks for may fail; what libc asks for, never. */
static void allocating(void)
{
    char *volatile first = malloc(10);
    char *volatile second = calloc(2, 5);
    char *volatile third = first == NULL ? NULL : realloc(first, 2000);
    char *volatile text = strdup("text");

    say("malloc", first != NULL ? 0 : -1);
    say("calloc", second != NULL ? 0 : -1);
    say("realloc", third != NULL ? 0 : -1);
    say("strdup", text != NULL ? 0 : -1);
    free(third != NULL ? third : first);
    free(second);
    free(text);
}

static void closing(void)
{
    start_connection();
    say("close", close(far));
    say("fcntl", fcntl(far, F_GETFD));
}

static void looking_up(void)
{
    struct addrinfo *list, hints = { .ai_socktype = SOCK_STREAM };

    errno = 0;
    int code = getaddrinfo("127.0.0.1", "7", &hints, &list);
    say("errno", errno);
    say("code", -code);
    if (code != 0)
        return;
    for (struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
        getnameinfo(ai->ai_addr, ai->ai_addrlen, buf, sizeof buf, buf + 60, 20,
                    NI_NUMERICHOST | NI_NUMERICSERV);
        strcat(strcat(buf, "/"), buf + 60);
        say(buf, ai->ai_family);
    }
    freeaddrinfo(list);
}

static void late_errno(void)
{
    start_connection();
    give(4);
    errno = 0;
    say("recv", recv(far, buf, 4, 0));
    say("errno", errno);
}

/* A thousand calls that succeed, and one that fails, around an old errno. */
static void keeps_errno(void)
{
    start_connection();
    errno = ENOTTY;
    for (int i = 0; i < 1000; i++) {
        send(near, buf, 1, 0);
        recv(far, buf, 1, 0);
    }
    say("errno", errno == ENOTTY);
    say("recv", recv(-1, buf, 1, 0));
}

static void ready(void)
{
    struct pollfd one = { .events = POLLIN };
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = 0x123456789 };
    struct timeval now = { 0, 0 };
    fd_set set;

    start_listening();
    one.fd = listen_fd;
    say("poll", poll(&one, 1, 0));
    say("revents", one.revents);
    FD_ZERO(&set);
    FD_SET(listen_fd, &set);
    say("select", select(listen_fd + 1, &set, NULL, NULL, &now));
    int epoll_fd = epoll_create1(0);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &event);
    event.data.u64 = 0;
    say("epoll_wait", epoll_wait(epoll_fd, &event, 1, 0));
    say("data", event.data.u64 == 0x123456789);
}

static void pipe_ready(void)
{
    int pair[2];
    struct pollfd one = { .events = POLLIN };

    if (pipe(pair) == -1)
        return;
    one.fd = pair[0];
    say("poll", poll(&one, 1, 0));
}

static void forking(void)
{
    start_connection();
    give(4);
    say("recv", recv(far, buf, 1, 0));
    say("recv", recv(far, buf, 1, 0));
    if (fork() == 0) {
        say("recv", recv(far, buf, 1, 0));
        _exit(0);
    }
    wait(NULL);
}

static void *look_at(void *number)
{
    static _Atomic int sum;

    sum += *(int *)number;
    if (sum == 3 || sum == 4)
        say("sum", sum);
    return NULL;
}

/* Two threads are to see 1 and 2, but are given the same variable. */
static void race(void)
{
    pthread_t threads[2];
    int number;

    for (int i = 0; i < 2; i++) {
        number = i + 1;
        pthread_create(&threads[i], NULL, look_at, &number);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static void crash(void)
{
    start_connection();
    send(near, "last words", 10, 0);
    kill(getpid(), SIGSEGV);
}

static void hang(void)
{
    start_connection();
    recv(far, buf, 1, 0);
    say("recv", 0);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t done = PTHREAD_COND_INITIALIZER;
static int finished;

static void *send_much(void *unused)
{
    for (int i = 0; i < 500; i++) {
        send(-1, buf, 1, 0);
        setsockopt(-1, 0, 0, NULL, 0);
    }
    pthread_mutex_lock(&mutex);
    finished++;
    pthread_cond_signal(&done);
    pthread_mutex_unlock(&mutex);
    return unused;
}

/* Four threads write 1000 calls each, with the alarm of "ticking" between. */
static void crowd(void)
{
    pthread_t thread;

    for (int i = 0; i < 4; i++) {
        pthread_create(&thread, NULL, send_much, NULL);
        pthread_detach(thread);
    }
    pthread_mutex_lock(&mutex);
    while (finished < 4)
        pthread_cond_wait(&done, &mutex);
    pthread_mutex_unlock(&mutex);
    say("finished", finished);
}

static void on_tick(int number)
{
    (void)number;
    shutdown(-1, SHUT_RD);
}

static void ticking(void)
{
    struct sigaction action = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
    struct itimerval often = { { 0, 200 }, { 0, 200 } };

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    crowd();
}

static void polite(int number)
{
    int saved = errno;

    shutdown(-1, number);
    errno = saved;
}

/* What no handler may do. */
static void rude(int number, siginfo_t *info, void *context)
{
    (void)context;
    fflush(stdout);
    errno = number == info->si_signo ? ENOTTY : EINVAL;
}

/* A program's handlers are called, and are what it is told it has. */
static void handling(void)
{
    struct sigaction first = { .sa_handler = polite };
    struct sigaction second = { .sa_sigaction = rude, .sa_flags = SA_SIGINFO };
    struct sigaction old;

    fflush(stdout);                     /* outside of them that is no matter */
    sigaction(SIGUSR1, &first, NULL);
    errno = EXDEV;
    raise(SIGUSR1);
    say("kept", errno == EXDEV);
    sigaction(SIGUSR1, &second, &old);
    say("polite", old.sa_handler == polite);
    raise(SIGUSR1);                     /* TSan brings errno back */
    sigaction(SIGUSR1, NULL, &old);
    say("rude", old.sa_sigaction == rude);
    say("none", signal(SIGUSR2, polite) == SIG_DFL);
    say("polite", signal(SIGUSR2, SIG_IGN) == polite);
    say("ignored", signal(SIGUSR2, SIG_DFL) == SIG_IGN);
}

static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t knock = PTHREAD_COND_INITIALIZER;
static int guests;

static void *arrive(void *unused)
{
    pthread_mutex_lock(&door);
    guests = 1;
    pthread_cond_signal(&knock);
    pthread_mutex_unlock(&door);
    return unused;
}

/* How many guests are there when the first wait is over, and at the end. */
static void waking(void)
{
    pthread_t thread;

    pthread_mutex_lock(&door);
    pthread_create(&thread, NULL, arrive, NULL);
    pthread_cond_wait(&knock, &door);
    bool early = guests == 0;
    while (guests == 0)
        pthread_cond_wait(&knock, &door);
    pthread_mutex_unlock(&door);
    pthread_join(thread, NULL);
    say("early", early);
}

/* How one thread wakes another, which then says so. */
static struct waker {
    int fds[2];
    sem_t semaphore;
    const char *by;
} waker;

static _Atomic int is_awake;

static void *sleep_until_woken(void *unused)
{
    eventfd_t value;

    if (strcmp(waker.by, "semaphore") == 0)
        while (sem_wait(&waker.semaphore) == -1)
            ;
    else if (read(waker.fds[0], &value, sizeof value) == -1)
        say("read", -1);
    for (volatile int i = 0; i < 2000000; i++)
        ;                               /* it has something to do first */
    is_awake = 1;
    return unused;
}

static void wake_by(const char *how)
{
    pthread_t thread;

    waker.by = how;
    sem_init(&waker.semaphore, 0, 0);
    if (pipe(waker.fds) == -1)
        return;
    if (strcmp(how, "event") == 0)
        waker.fds[0] = waker.fds[1] = eventfd(0, 0);
    is_awake = 0;
    pthread_create(&thread, NULL, sleep_until_woken, NULL);
    if (strcmp(how, "pipe") == 0 && write(waker.fds[1], buf, 8) == -1)
        say("write", -1);
    if (strcmp(how, "event") == 0)
        eventfd_write(waker.fds[1], 1);
    if (strcmp(how, "semaphore") == 0)
        sem_post(&waker.semaphore);
    say(how, is_awake);
    pthread_join(thread, NULL);
}

/* Has the other thread done its work when the one that wakes it goes on? */
static void waking_by(void)
{
    wake_by("pipe");
    wake_by("event");
    wake_by("semaphore");
}

static void naming(void)
{
    start_listening();
    int code = getnameinfo((struct sockaddr *)&address, len, buf, sizeof buf,
                           NULL, 0, NI_NUMERICSERV);
    say(code == 0 ? buf : "no name", code);
    getnameinfo((struct sockaddr *)&address, len, buf, sizeof buf, NULL, 0,
                NI_NUMERICHOST);
    say(buf, 0);
}

static void executing(void)
{
    if (fork() == 0) {
        execl("/proc/self/exe", "scenes", "datagram", (char *)NULL);
        _exit(1);
    }
    wait(NULL);
}

static const struct scene {
    const char *name;
    void (*play)(void);
} scenes[] = {
    { "receive", receive }, { "transmit", transmit }, { "wait_all", wait_all },
    { "datagram", datagram }, { "standard", standard },
    { "non_blocking", non_blocking }, { "accepting", accepting },
    { "accept_blocked", accept_blocked },
    { "accept_interrupted", accept_interrupted }, { "connecting", connecting },
    { "closing", closing }, { "looking_up", looking_up },
    { "late_errno", late_errno }, { "keeps_errno", keeps_errno },
    { "ready", ready }, { "pipe_ready", pipe_ready }, { "forking", forking },
    { "race", race }, { "crash", crash },
    { "hang", hang }, { "crowd", crowd }, { "ticking", ticking },
    { "executing", executing }, { "handling", handling }, { "waking", waking },
    { "naming", naming }, { "connecting_in_vain", connecting_in_vain },
    { "persistent", persistent }, { "descriptors", descriptors },
    { "allocating", allocating }, { "waking_by", waking_by },
};

int main(int argc, char *argv[])
{
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        if (argc == 2 && strcmp(argv[1], scenes[i].name) == 0) {
            scenes[i].play();
            return 0;
        }
    return 1;
}
