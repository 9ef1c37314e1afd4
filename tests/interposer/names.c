/*
 * names.c - from names to addresses and back
 *
 * What libc calls while it looks a name up is its own business: the log keeps
 * quiet about it.
 */
#include "interpose.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ADDRESS 64          /* bytes of a numeric address and its port */

/* How many addresses a list has. */
static int count(const struct addrinfo *list)
{
    int n = 0;

    for (; list != NULL; list = list->ai_next)
        n++;
    return n;
}

/*
 * Look up one "NUMERIC/PORT" of the plan's list and append what comes.  libc
 * makes the entries, so that its freeaddrinfo can free them.
 *
 * Returns 0, or one of getaddrinfo's errors.
 */
static int append_address(struct addrinfo **list, const char *text, size_t len,
                          const struct addrinfo *hints)
{
    char host[MAX_ADDRESS];
    struct addrinfo numeric = { .ai_family = AF_UNSPEC };

    if (len >= sizeof host)
        return EAI_NONAME;
    memcpy(host, text, len);
    host[len] = '\0';
    char *port = strchr(host, '/');
    if (port == NULL)
        return EAI_NONAME;
    *port++ = '\0';
    if (hints != NULL) {
        numeric.ai_family = hints->ai_family;
        numeric.ai_socktype = hints->ai_socktype;
        numeric.ai_protocol = hints->ai_protocol;
    }
    numeric.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    while (*list != NULL)
        list = &(*list)->ai_next;
    return REAL(getaddrinfo)(host, port, &numeric, list);
}

/*
 * Answer with the plan's list; addresses of another family are left out.  The
 * name asked for is the canonical one.
 */
static int answer(const char *text, const char *node,
                  const struct addrinfo *hints, struct addrinfo **list)
{
    struct addrinfo *all = NULL;

    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        append_address(&all, text, len, hints);
        text += len + (text[len] == ',');
    }
    if (all == NULL)
        return EAI_NONAME;
    if (hints != NULL && (hints->ai_flags & AI_CANONNAME) && node != NULL)
        all->ai_canonname = strdup(node);
    *list = all;
    return 0;
}

/* Show node and service, one after the other, each with its final zero. */
static void show_question(struct call *call, char text[LOG_DATA],
                          const char *node, const char *service)
{
    size_t len = node == NULL ? 0 : strlen(node);

    memset(text, 0, LOG_DATA);
    if (len > LOG_DATA - 2)
        len = LOG_DATA - 2;
    if (len > 0)
        memcpy(text, node, len);
    if (service != NULL)
        strncpy(text + len + 1, service, LOG_DATA - 2 - len);
    call->data = text;
    call->size = LOG_DATA;
}

/* Are the hints that mean nothing zero, as they must be? */
static bool is_clean(const struct addrinfo *hints)
{
    return hints->ai_addrlen == 0 && hints->ai_addr == NULL &&
           hints->ai_canonname == NULL && hints->ai_next == NULL;
}

/* What errno is after a lookup that the plan lets fail. */
static int errno_of(const struct call *call)
{
    return call->verdict.fail == EAI_SYSTEM ? call->verdict.lookup_errno
                                            : call->errno_before;
}

int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **list)
{
    struct call call = { ABOUT(getaddrinfo, -1) };
    char shown[LOG_DATA];
    int result;

    show_question(&call, shown, node, service);
    call.args[3] = hints == NULL ? -1 : !is_clean(hints);
    if (hints != NULL) {
        call.args[0] = hints->ai_family;
        call.args[1] = hints->ai_socktype;
        call.args[2] = hints->ai_flags;
    }
    bool go_on = enter(&call);
    keep_quiet(true);
    if (!go_on) {
        errno = errno_of(&call);
        result = call.verdict.fail;
    } else if (call.verdict.list != NULL) {
        result = answer(call.verdict.list, node, hints, list);
    } else {
        result = REAL(getaddrinfo)(node, service, hints, list);
    }
    keep_quiet(false);
    call.args[0] = result == 0 ? (int64_t)(intptr_t)*list : 0;
    call.args[1] = result == 0 ? count(*list) : 0;
    if (result == 0)
        show_address(&call, (*list)->ai_addr, (*list)->ai_addrlen);
    return (int)leave(&call, result);
}

void freeaddrinfo(struct addrinfo *list)
{
    struct call call = { ABOUT(freeaddrinfo, -1),
                         .args = { (int64_t)(intptr_t)list } };

    enter(&call);
    REAL(freeaddrinfo)(list);
    leave(&call, 0);
}

/*
 * Answer with the plan's name; NULL: there is none, and what libc then says
 * depends on NI_NAMEREQD.
 */
static int answer_name(const char *name, const struct sockaddr *address,
                       socklen_t len, char *host, socklen_t host_len,
                       char *service, socklen_t service_len, int flags)
{
    if (name == NULL && (flags & NI_NAMEREQD))
        return EAI_NONAME;
    int result = REAL(getnameinfo)(address, len, host, host_len, service,
                                   service_len,
                                   (flags | NI_NUMERICHOST) & ~NI_NAMEREQD);
    if (result != 0 || name == NULL)
        return result;
    if (strlen(name) >= host_len)
        return EAI_OVERFLOW;
    strcpy(host, name);
    return 0;
}

int getnameinfo(const struct sockaddr *address, socklen_t len, char *host,
                socklen_t host_len, char *service, socklen_t service_len,
                int flags)
{
    struct call call = { ABOUT(getnameinfo, -1),
                         .flags = host == NULL ? NI_NUMERICHOST : flags,
                         .args = { len, flags, host_len, service_len } };
    int result;

    show_address(&call, address, len);
    bool go_on = enter(&call);
    keep_quiet(true);
    if (!go_on)
        errno = errno_of(&call);
    if (call.verdict.name != NULL || call.verdict.fail == EAI_NONAME)
        result = answer_name(call.verdict.name, address, len, host, host_len,
                             service, service_len, flags);
    else if (go_on)
        result = REAL(getnameinfo)(address, len, host, host_len, service,
                                   service_len, flags);
    else
        result = call.verdict.fail;
    keep_quiet(false);
    if (result == 0 && host != NULL && host_len > 0)
        show_text(&call, host);
    return (int)leave(&call, result);
}

struct hostent *gethostbyname(const char *name)
{
    struct call call = { ABOUT(gethostbyname, -1) };
    struct hostent *result = NULL;

    show_text(&call, name);
    bool go_on = enter(&call);
    keep_quiet(true);
    if (go_on)
        result = REAL(gethostbyname)(name);
    keep_quiet(false);
    leave(&call, (int64_t)(intptr_t)result);
    return result;
}

in_addr_t inet_addr(const char *text)
{
    struct call call = { ABOUT(inet_addr, -1) };

    show_text(&call, text);
    enter(&call);
    return (in_addr_t)leave(&call, REAL(inet_addr)(text));
}

int inet_aton(const char *text, struct in_addr *address)
{
    struct call call = { ABOUT(inet_aton, -1) };

    show_text(&call, text);
    enter(&call);
    return (int)leave(&call, REAL(inet_aton)(text, address));
}

char *inet_ntoa(struct in_addr address)
{
    struct call call = { ABOUT(inet_ntoa, -1),
                         .args = { address.s_addr } };

    enter(&call);
    char *result = REAL(inet_ntoa)(address);
    show_text(&call, result);
    leave(&call, (int64_t)(intptr_t)result);
    return result;
}
