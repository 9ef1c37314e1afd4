/*
 * rules.h - the rules of the plan, as rules.c has read them
 */
#ifndef RULES_H
#define RULES_H

#include "calls.h"
#include "log.h"
#include "plan.h"

struct rule {
    int call;                   /* CALL_..., when class is CLASS_NONE */
    enum call_class class;
    enum plan_action action;
    long value;                 /* bytes or error, as the action wants */
    int lookup_errno;           /* when value is EAI_SYSTEM */
    const char *text;           /* list= and name= */
    unsigned first, last, step; /* the matching calls that are meant, from 1 */
};

extern struct rule rules[LOG_MAX_RULES];
extern int rule_count;

#endif
