/*
 * plan.c - the plan: which call misbehaves, when and how
 *
 * A rule keeps its own count of the calls it matches.  A call matches when the
 * name fits and the kernel could have done to it what the rule wants.
 *
 * A forked child counts anew, except for stop: somebody waits for that stop,
 * once, so parent and children count it together.
 */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

#define MAX_RULES 32
#define MAX_TEXT  4096          /* bytes of a plan */

struct rule {
    int call;                   /* CALL_..., when class is CLASS_NONE */
    enum call_class class;
    enum plan_action action;
    long value;                 /* bytes or error, as the action wants */
    const char *text;           /* list= and name= */
    unsigned from;              /* first matching call meant, from 1 */
    bool once;                  /* only that one */
};

static struct rule rules[MAX_RULES];
static int rule_count;

/* Matching calls so far, by rule: in this process, and in all of them. */
static _Atomic unsigned counts[MAX_RULES];
static _Atomic unsigned *shared_counts;

struct name {
    const char *name;
    int value;
};

static const struct name classes[] = {
    { "receive", CLASS_RECEIVE }, { "transmit", CLASS_TRANSMIT },
    { "accept", CLASS_ACCEPT }, { "wait", CLASS_WAIT },
    { "stdin", CLASS_STDIN }, { "stdout", CLASS_STDOUT }, { NULL, 0 }
};

#define ERROR(name) { #name, name }
static const struct name errors[] = {
    ERROR(EACCES), ERROR(EADDRINUSE), ERROR(EADDRNOTAVAIL), ERROR(EAFNOSUPPORT),
    ERROR(EAGAIN), ERROR(EALREADY), ERROR(EBADF), ERROR(ECHILD),
    ERROR(ECONNABORTED), ERROR(ECONNREFUSED), ERROR(ECONNRESET),
    ERROR(EDESTADDRREQ), ERROR(EDQUOT), ERROR(EEXIST), ERROR(EFAULT),
    ERROR(EFBIG), ERROR(EHOSTUNREACH), ERROR(EINPROGRESS), ERROR(EINTR),
    ERROR(EINVAL), ERROR(EIO), ERROR(EISCONN), ERROR(EMFILE), ERROR(EMSGSIZE),
    ERROR(ENETDOWN), ERROR(ENETUNREACH), ERROR(ENFILE), ERROR(ENOBUFS),
    ERROR(ENOENT), ERROR(ENOMEM), ERROR(ENOPROTOOPT), ERROR(ENOSPC),
    ERROR(ENOTCONN), ERROR(EOPNOTSUPP), ERROR(EPERM), ERROR(EPIPE),
    ERROR(EPROTO), ERROR(EPROTONOSUPPORT), ERROR(ETIMEDOUT),
    ERROR(EWOULDBLOCK), { NULL, 0 }
};
static const struct name lookup_errors[] = {
    ERROR(EAI_AGAIN), ERROR(EAI_FAIL), ERROR(EAI_FAMILY), ERROR(EAI_MEMORY),
    ERROR(EAI_NODATA), ERROR(EAI_NONAME), ERROR(EAI_SERVICE),
    ERROR(EAI_SOCKTYPE), { NULL, 0 }
};

/* Find name in a table.  Returns its entry, or NULL. */
static const struct name *find(const struct name *table, const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static enum call_class class_of(int call)
{
    return call_kinds[call].class;
}

/* Does the rule speak of this call, whatever its action? */
static bool fits(const struct rule *rule, const struct plan_query *q)
{
    bool is_plain_file = !q->is_socket;

    switch (rule->class) {
    case CLASS_NONE:
        return rule->call == q->call;
    case CLASS_RECEIVE: case CLASS_TRANSMIT:
        return class_of(q->call) == rule->class && q->is_socket;
    case CLASS_STDIN:
        return (q->call == CALL_read || q->call == CALL_readv) &&
               q->fd == 0 && is_plain_file;
    case CLASS_STDOUT:
        return (q->call == CALL_write || q->call == CALL_writev) &&
               q->fd == 1 && is_plain_file;
    default:
        return class_of(q->call) == rule->class;
    }
}

static bool is_non_blocking(const struct plan_query *q)
{
    if (q->flags & MSG_DONTWAIT)
        return true;
    long flags = syscall(SYS_fcntl, q->fd, F_GETFL);
    return flags != -1 && (flags & O_NONBLOCK);
}

/* Could the kernel let the call fail so?  It interrupts only what waits. */
static bool can_fail(const struct rule *rule, const struct plan_query *q)
{
    enum call_class class = class_of(q->call);

    if (rule->value == EAGAIN)
        return q->fd == -1 || is_non_blocking(q);
    if (rule->value == EINTR && (class == CLASS_RECEIVE || class == CLASS_TRANSMIT))
        return !is_non_blocking(q);
    return true;
}

/* Could the kernel have done this?  See "legal" in README.md. */
static bool is_legal(const struct rule *rule, const struct plan_query *q)
{
    bool fails_accept = class_of(q->call) == CLASS_ACCEPT &&
                        rule->action == PLAN_FAIL;

    if (q->has_connection != fails_accept)
        return false;
    if (q->call == CALL_getnameinfo && (q->flags & NI_NUMERICHOST))
        return rule->action == PLAN_STOP;       /* no name is asked for */
    switch (rule->action) {
    case PLAN_SHORT:
        return rule->class == CLASS_STDIN || rule->class == CLASS_STDOUT ||
               (q->is_stream && !(q->flags & MSG_WAITALL));
    case PLAN_FAIL:
        return can_fail(rule, q);
    case PLAN_READY:
        return q->can_be_ready;
    default:
        return true;
    }
}

/* Add what the rule wants to the verdict. */
static void apply(const struct rule *rule, struct plan_verdict *verdict)
{
    verdict->actions |= 1u << rule->action;
    switch (rule->action) {
    case PLAN_SHORT:
        if ((size_t)rule->value < verdict->limit)
            verdict->limit = (size_t)rule->value;
        break;
    case PLAN_FAIL:  verdict->fail = (int)rule->value;       break;
    case PLAN_ERRNO: verdict->late_errno = (int)rule->value; break;
    case PLAN_READY: verdict->ready = true;                  break;
    case PLAN_STOP:  verdict->stop = true;                   break;
    case PLAN_LIST:  verdict->list = rule->text;             break;
    case PLAN_NAME:  verdict->name = rule->text;             break;
    }
}

static _Atomic unsigned *count_of(const struct rule *rule)
{
    bool is_shared = rule->action == PLAN_STOP && shared_counts != NULL;

    return (is_shared ? shared_counts : counts) + (rule - rules);
}

void plan_ask(const struct plan_query *query, struct plan_verdict *verdict)
{
    *verdict = (struct plan_verdict){ .limit = SIZE_MAX };
    for (struct rule *rule = rules; rule < rules + rule_count; rule++) {
        if (!fits(rule, query) || !is_legal(rule, query))
            continue;
        unsigned k = atomic_fetch_add(count_of(rule), 1) + 1;
        if (rule->once ? k == rule->from : k >= rule->from)
            apply(rule, verdict);
    }
}

bool plan_is_empty(void)
{
    return rule_count == 0;
}

bool plan_mentions(int call, enum plan_action action)
{
    for (struct rule *rule = rules; rule < rules + rule_count; rule++)
        if (rule->action == action &&
            (rule->class == CLASS_NONE ? rule->call == call
                                     : rule->class == class_of(call)))
            return true;
    return false;
}

void plan_forget_counts(void)
{
    for (int i = 0; i < rule_count; i++)
        counts[i] = 0;
}

/* Read a whole decimal number of at least 1.  Returns it, or -1. */
static long number(const char *text)
{
    char *end;

    if (*text < '0' || *text > '9')
        return -1;
    errno = 0;
    long n = strtol(text, &end, 10);
    return errno == 0 && *end == '\0' && n >= 1 && n <= INT_MAX ? n : -1;
}

/* Read "@k" or "@k+", the end of a rule.  Returns 0, or -1. */
static int read_when(struct rule *rule, char *text)
{
    size_t len = strlen(text);

    rule->once = len == 0 || text[len - 1] != '+';
    if (!rule->once)
        text[len - 1] = '\0';
    long k = number(text);
    rule->from = (unsigned)k;
    return k == -1 ? -1 : 0;
}

/* Read who is meant.  Returns 0, or -1. */
static int read_who(struct rule *rule, const char *text)
{
    const struct name *found = find(classes, text);

    if (found != NULL) {
        rule->class = (enum call_class)found->value;
        return 0;
    }
    for (int i = 0; i < CALLS; i++)
        if (strcmp(call_kinds[i].name, text) == 0 &&
            class_of(i) != CLASS_EVENT && class_of(i) != CLASS_UNSAFE) {
            rule->call = i;
            return 0;
        }
    return -1;
}

/* Can a list hold these addresses?  Each is NUMERIC/PORT. */
static bool is_list(const char *text)
{
    return strchr(text, '/') != NULL &&
           strspn(text, "0123456789abcdefABCDEF.:/,") == strlen(text);
}

/* Is this an action that the call of the rule knows? */
static bool is_possible(const struct rule *rule)
{
    enum call_class class = rule->class ? rule->class : class_of(rule->call);

    switch (rule->action) {
    case PLAN_SHORT:
        return (class != CLASS_NONE && class != CLASS_ACCEPT && class != CLASS_WAIT) ||
               rule->call == CALL_sendfile;
    case PLAN_READY:
        return class == CLASS_WAIT || rule->call == CALL_pthread_cond_wait ||
               rule->call == CALL_pthread_cond_timedwait;
    case PLAN_LIST:
        return rule->call == CALL_getaddrinfo && is_list(rule->text);
    case PLAN_NAME:
        return rule->call == CALL_getnameinfo && *rule->text != '\0';
    default:
        return true;
    }
}

/* Read an error's name into the rule.  Returns 0, or -1. */
static int read_error(struct rule *rule, const char *text)
{
    bool by_code = rule->action == PLAN_FAIL && class_of(rule->call) == CLASS_LOOKUP;
    const struct name *found = find(by_code ? lookup_errors : errors, text);

    if (found == NULL)
        return -1;
    rule->value = found->value;
    return 0;
}

/* Read what is to be done.  Returns 0, or -1. */
static int read_action(struct rule *rule, const char *text)
{
    if (strncmp(text, "short=", 6) == 0) {
        rule->action = PLAN_SHORT;
        rule->value = number(text + 6);
        return rule->value == -1 ? -1 : 0;
    }
    if (strncmp(text, "fail=", 5) == 0) {
        rule->action = PLAN_FAIL;
        return read_error(rule, text + 5);
    }
    if (strncmp(text, "errno=", 6) == 0) {
        rule->action = PLAN_ERRNO;
        return read_error(rule, text + 6);
    }
    if (strncmp(text, "list=", 5) == 0 || strncmp(text, "name=", 5) == 0) {
        rule->action = *text == 'l' ? PLAN_LIST : PLAN_NAME;
        rule->text = text + 5;
        return 0;
    }
    static const struct name words[] = {
        { "ready", PLAN_READY }, { "stop", PLAN_STOP }, { NULL, 0 }
    };
    const struct name *found = find(words, text);
    if (found == NULL)
        return -1;
    rule->action = (enum plan_action)found->value;
    return 0;
}

/* Read one rule; cuts text into its parts.  Returns 0, or -1. */
static int read_rule(struct rule *rule, char *text)
{
    char *action = strchr(text, ':');
    char *when = strchr(text, '@');

    rule->from = 1;
    if (action == NULL)
        return -1;
    *action++ = '\0';
    if (when != NULL) {
        *when++ = '\0';
        if (read_when(rule, when) == -1)
            return -1;
    }
    if (read_who(rule, text) == -1 || read_action(rule, action) == -1)
        return -1;
    return is_possible(rule) ? 0 : -1;
}

const char *plan_read(const char *text)
{
    static char copy[MAX_TEXT];
    static char culprit[MAX_TEXT];
    char *rest = copy;

    if (text == NULL)
        return NULL;
    if (strlen(text) >= sizeof copy)
        return "(too long)";
    void *page = mmap(NULL, sizeof counts, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared_counts = page == MAP_FAILED ? NULL : page;
    strcpy(copy, text);
    for (char *part; (part = strsep(&rest, " ")) != NULL; ) {
        if (*part == '\0')
            continue;
        strcpy(culprit, part);
        if (rule_count == MAX_RULES ||
            read_rule(&rules[rule_count], part) == -1)
            return culprit;
        rule_count++;
    }
    return NULL;
}
