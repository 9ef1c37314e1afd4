/*
 * rules.c - the plan's text, read into rules
 *
 * README.md is the contract of the language.  A rule that makes no sense is
 * refused here: what is asked at a call, see plan.c, can be done.
 */
#include "rules.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT 4096           /* bytes of a plan */

struct rule rules[LOG_MAX_RULES];
int rule_count;

struct name {
    const char *name;
    int value;
};

static const struct name classes[] = {
    { "receive", CLASS_RECEIVE }, { "transmit", CLASS_TRANSMIT },
    { "accept", CLASS_ACCEPT }, { "wait", CLASS_WAIT }, { "wake", CLASS_WAKE },
    { "heap", CLASS_HEAP },
    { "stdin", CLASS_STDIN }, { "stdout", CLASS_STDOUT }, { NULL, 0 }
};

static const struct name errors[] = {
#define ERROR(name) { #name, name },
#define LOOKUP_ERROR(name)
#include "errors.def"
#undef ERROR
#undef LOOKUP_ERROR
    { NULL, 0 }
};

static const struct name lookup_errors[] = {
#define ERROR(name)
#define LOOKUP_ERROR(name) { #name, name },
#include "errors.def"
#undef ERROR
#undef LOOKUP_ERROR
    { NULL, 0 }
};

/* Find name in a table.  Returns its entry, or NULL. */
static const struct name *find(const struct name *table, const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

/*
 * Read a decimal number of at least 1 and move *text behind it.  Returns the
 * number, or -1.
 */
static long number(const char **text)
{
    char *end;

    if (**text < '0' || **text > '9')
        return -1;
    errno = 0;
    long n = strtol(*text, &end, 10);
    *text = end;
    return errno == 0 && n >= 1 && n <= INT_MAX ? n : -1;
}

/* Read "first[..last][+[step]]", the end of a rule.  Returns 0, or -1. */
static int read_when(struct rule *rule, const char *text)
{
    long first = number(&text), last = first, step = 1;

    if (strncmp(text, "..", 2) == 0) {
        text += 2;
        last = number(&text);
    } else if (*text == '+') {
        last = UINT_MAX;
    }
    if (*text == '+') {
        text++;
        step = *text == '\0' ? 1 : number(&text);
    }
    if (first == -1 || last < first || step == -1 || *text != '\0')
        return -1;
    rule->first = (unsigned)first;
    rule->last = (unsigned)last;
    rule->step = (unsigned)step;
    return 0;
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
            call_kinds[i].class != CLASS_EVENT &&
            call_kinds[i].class != CLASS_UNSAFE) {
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

static bool can_be_short(enum call_class class)
{
    return class == CLASS_RECEIVE || class == CLASS_TRANSMIT ||
           class == CLASS_STDIN || class == CLASS_STDOUT;
}

/* dup2 and dup3 take the number they were given, however many are open. */
static bool can_fail_so(const struct rule *rule)
{
    if (rule->class == CLASS_HEAP)
        return rule->value == ENOMEM;
    return rule->value != EMFILE ||
           (rule->call != CALL_dup2 && rule->call != CALL_dup3);
}

/* Is this an action that the call of the rule knows? */
static bool is_possible(const struct rule *rule)
{
    enum call_class class =
        rule->class ? rule->class : call_kinds[rule->call].class;

    switch (rule->action) {
    case PLAN_SHORT:
        return can_be_short(class) || rule->call == CALL_sendfile;
    case PLAN_FAIL:
        return can_fail_so(rule);
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
    bool looks_up = rule->action == PLAN_FAIL &&
                    call_kinds[rule->call].class == CLASS_LOOKUP;
    const struct name *found = NULL;

    if (looks_up)
        found = find(lookup_errors, text);
    if (found != NULL) {
        rule->value = found->value;
        return 0;
    }
    found = find(errors, text);
    if (found == NULL)
        return -1;
    rule->value = looks_up ? EAI_SYSTEM : found->value;
    rule->lookup_errno = looks_up ? found->value : 0;
    return 0;
}

/* Read what is to be done.  Returns 0, or -1. */
static int read_action(struct rule *rule, const char *text)
{
    static const struct name words[] = {
        { "short", PLAN_SHORT }, { "fail", PLAN_FAIL }, { "errno", PLAN_ERRNO },
        { "list", PLAN_LIST }, { "name", PLAN_NAME },
        { "ready", PLAN_READY }, { "stop", PLAN_STOP }, { "slow", PLAN_SLOW },
        { NULL, 0 }
    };
    char word[8] = "";
    size_t len = strcspn(text, "=");

    if (len >= sizeof word)
        return -1;
    memcpy(word, text, len);
    const struct name *found = find(words, word);
    if (found == NULL)
        return -1;
    rule->action = (enum plan_action)found->value;
    if (rule->action == PLAN_READY || rule->action == PLAN_STOP ||
        rule->action == PLAN_SLOW)
        return text[len] == '\0' ? 0 : -1;
    if (text[len] == '\0')
        return -1;
    text += len + 1;
    rule->text = text;
    if (rule->action == PLAN_FAIL || rule->action == PLAN_ERRNO)
        return read_error(rule, text);
    if (rule->action == PLAN_SHORT) {
        rule->value = number(&text);
        return rule->value == -1 || *text != '\0' ? -1 : 0;
    }
    return 0;
}

/* Read one rule; cuts text into its parts.  Returns 0, or -1. */
static int read_rule(struct rule *rule, char *text)
{
    char *action = strchr(text, ':');
    char *when = strchr(text, '@');

    rule->first = 1;
    rule->last = UINT_MAX;
    rule->step = 1;
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
    strcpy(copy, text);
    for (char *part; (part = strsep(&rest, " ")) != NULL; ) {
        if (*part == '\0')
            continue;
        strcpy(culprit, part);
        if (rule_count == LOG_MAX_RULES ||
            read_rule(&rules[rule_count], part) == -1)
            return culprit;
        rule_count++;
    }
    return NULL;
}
