/*
 * plan.c - the plan, asked at every call: what is to be done with it
 *
 * A rule keeps its own count of the calls it matches.  A call matches when the
 * name fits and the kernel could have done to it what the rule wants.
 *
 * A forked child counts anew, except for stop: somebody waits for that stop,
 * once, so parent and children count it together, in the log.
 */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rules.h"

/* Matching calls so far in this process, by rule. */
static _Atomic unsigned counts[LOG_MAX_RULES];

static enum call_class class_of(int call)
{
    return call_kinds[call].class;
}

/* Does it move bytes from, or to, this standard descriptor? */
static bool is_standard(const struct plan_query *q, int fd)
{
    bool reads = q->call == CALL_read || q->call == CALL_readv;
    bool writes = q->call == CALL_write || q->call == CALL_writev;

    return q->fd == fd && !q->is_socket && (fd == 0 ? reads : writes);
}

/* Does the rule speak of this call, whatever its action? */
static bool fits(const struct rule *rule, const struct plan_query *q)
{
    switch (rule->class) {
    case CLASS_NONE:
        return rule->call == q->call;
    case CLASS_RECEIVE: case CLASS_TRANSMIT:
        return class_of(q->call) == rule->class && q->is_socket;
    case CLASS_WAKE:
        return class_of(q->call) == CLASS_WAKE ||
               (class_of(q->call) == CLASS_TRANSMIT && q->wakes);
    case CLASS_STDIN:
        return is_standard(q, 0);
    case CLASS_STDOUT:
        return is_standard(q, 1);
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

static bool makes_descriptor(const struct plan_query *q)
{
    if (q->call == CALL_fcntl)
        return q->flags == F_DUPFD || q->flags == F_DUPFD_CLOEXEC;
    return q->call == CALL_dup || q->call == CALL_fdopen;
}

/* Could the kernel let the call fail so?  It interrupts only what waits. */
static bool can_fail(const struct rule *rule, const struct plan_query *q)
{
    enum call_class class = class_of(q->call);

    if (q->is_unseen || (q->call == CALL_fcntl && rule->value == EMFILE))
        return rule->value == EMFILE && makes_descriptor(q);
    if (rule->value == EAGAIN)
        return q->fd == -1 || is_non_blocking(q);
    if (rule->value == EINTR && (class == CLASS_RECEIVE ||
                                 class == CLASS_TRANSMIT ||
                                 q->call == CALL_connect))
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
    case PLAN_SLOW:
        return true;
    default:
        return !q->is_unseen;
    }
}

/* Add what the rule wants to the verdict. */
static void apply(const struct rule *rule, const struct plan_query *query,
                  struct plan_verdict *verdict)
{
    if (rule->action != PLAN_SHORT || (size_t)rule->value < query->length)
        verdict->actions |= 1u << rule->action;
    switch (rule->action) {
    case PLAN_SHORT:
        if ((size_t)rule->value < verdict->limit)
            verdict->limit = (size_t)rule->value;
        break;
    case PLAN_FAIL:
        verdict->fail = (int)rule->value;
        verdict->lookup_errno = rule->lookup_errno;
        break;
    case PLAN_ERRNO: verdict->late_errno = (int)rule->value; break;
    case PLAN_READY: verdict->ready = true;                  break;
    case PLAN_STOP:  verdict->stop = true;                   break;
    case PLAN_SLOW:  verdict->slow = true;                   break;
    case PLAN_LIST:  verdict->list = rule->text;             break;
    case PLAN_NAME:  verdict->name = rule->text;             break;
    }
}

/*
 * Count one more matching call.  Returns its number.  The log keeps the
 * highest number that any process has come to.
 */
static unsigned count(const struct rule *rule)
{
    int i = (int)(rule - rules);
    _Atomic uint32_t *highest = log_matched(i);

    if (rule->action == PLAN_STOP)
        return atomic_fetch_add(highest, 1) + 1;
    unsigned k = atomic_fetch_add(&counts[i], 1) + 1;
    uint32_t before = atomic_load(highest);
    while (before < k && !atomic_compare_exchange_weak(highest, &before, k))
        ;
    return k;
}

void plan_ask(const struct plan_query *query, struct plan_verdict *verdict)
{
    *verdict = (struct plan_verdict){ .limit = SIZE_MAX };
    for (struct rule *rule = rules; rule < rules + rule_count; rule++) {
        if (!fits(rule, query) || !is_legal(rule, query))
            continue;
        unsigned k = count(rule);
        if (k >= rule->first && k <= rule->last &&
            (k - rule->first) % rule->step == 0)
            apply(rule, query, verdict);
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
