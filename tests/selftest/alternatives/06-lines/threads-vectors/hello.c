/*
 * hello.c - a thread prints what the server says, another one speaks
 *
 * What differs: whoever prints counts the lines and tells the speaker, who
 * waits for the count; at most one name is on its way.
 */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "stream.h"
#include "tcp.h"

static int fd;
static pthread_t printer;
static unsigned long lines;
static int ended, trouble;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t news = PTHREAD_COND_INITIALIZER;

static void *print_all(void *unused)
{
    char buf[4096];
    ssize_t n;

    while ((n = recv(fd, buf, sizeof buf, 0)) != 0) {
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            break;
        unsigned long found = 0;
        for (ssize_t i = 0; i < n; i++)
            found += buf[i] == '\n';
        if (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n
            || fflush(stdout) == EOF)
            err(1, "write");
        pthread_mutex_lock(&lock);
        lines += found;
        pthread_cond_signal(&news);
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_lock(&lock);
    ended = 1;
    trouble = n == -1 ? errno : 0;
    pthread_cond_signal(&news);
    pthread_mutex_unlock(&lock);
    return unused;
}

static void wait_for_lines(unsigned long count)
{
    pthread_mutex_lock(&lock);
    while (lines < count && !ended)
        pthread_cond_wait(&news, &lock);
    int missing = lines < count;
    pthread_mutex_unlock(&lock);
    if (missing) {
        pthread_join(printer, NULL);
        errx(1, "recv: %s", trouble ? strerror(trouble) : "an early end");
    }
}

static void say(const char *name)
{
    char line[8192];
    size_t len = strlen(name);

    memcpy(line, name, len);
    line[len++] = '\n';
    if (send_all(fd, line, len, NULL) == -1)
        err(1, "send");
}

static void talk(char *names[], int asks)
{
    char typed[8192];
    unsigned long count = 1;

    wait_for_lines(count);
    for (; *names != NULL; names++) {
        say(*names);
        wait_for_lines(++count);
    }
    while (asks && fgets(typed, sizeof typed, stdin) != NULL) {
        typed[strcspn(typed, "\n")] = '\0';
        if (typed[0] == '\0' || strcmp(typed, "exit") == 0)
            break;
        say(typed);
        wait_for_lines(++count);
    }
    if (ferror(stdin))
        err(1, "fgets");
    say("exit");
}

int main(int argc, char *argv[])
{
    char why[TCP_WHY_SIZE];
    int c, asks = 0;

    std_reserve();
    while ((c = getopt(argc, argv, "+i")) == 'i')
        asks = 1;
    if (c != -1 || argc - optind < 2 || net_parse_port(argv[optind + 1]) == -1)
        errx(2, "usage: hello [-i] HOST PORT [NAME...]");
    for (int i = optind + 2; i < argc; i++)
        if (strlen(argv[i]) > 8191)
            errx(2, "NAME is too long");
    fd = tcp_connect(argv[optind], argv[optind + 1], why);
    if (fd == -1)
        errx(1, "%s", why);
    errno = pthread_create(&printer, NULL, print_all, NULL);
    if (errno != 0)
        err(1, "pthread_create");
    talk(argv + optind + 2, asks);
    shutdown(fd, SHUT_RDWR);            /* wakes the printer */
    pthread_join(printer, NULL);
    close(fd);
    return 0;
}
