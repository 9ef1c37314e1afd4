/*
 * calls.c - the table of calls, as calls.def has it
 */
#include "calls.h"

const struct call_kind call_kinds[CALLS] = {
#define CALL(name, class, outcome, shape, fields) \
    { #name, CLASS_##class, OUTCOME_##outcome },
#include "calls.def"
#undef CALL
};
