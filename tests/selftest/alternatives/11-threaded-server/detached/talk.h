/*
 * talk.h - the conversation of hellod with one client
 *
 * What lesson 06 wrote, with the word "stats", with delayed answers, and with
 * answers that name the thread.  talk.c keeps nothing of its own between two
 * calls: any number of threads may talk at once, each to its own client.
 */
#ifndef TALK_H
#define TALK_H

#define TALK_STATS_SIZE 80          /* bytes of the answer to "stats" */

struct talk {
    int conn_fd;                    /* stays open, stays the caller's */
    int delay_ms;                   /* before each answer */
    int thread;                     /* K of "Thread-K: NAME"; 0: say hello */
    void (*stats)(void *server, char *text);    /* writes the answer */
    void *server;                   /* what stats is given */
};

/*
 * Serve a client until it is done, says so, or the connection breaks; then
 * send our end, and throw away what still comes, for a second at most.
 *
 * Returns 0, or -1 with errno set when the connection broke.  Blocks; whoever
 * calls shutdown(2) on conn_fd, both ways, makes it return at once, out of a
 * delay too.
 */
int talk_serve(const struct talk *talk);

#endif
