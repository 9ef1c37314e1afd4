/*
 * fake-verdict-of-a-client - a program that prints what the grader prints
 *
 * Graded as lesson 01, with the verdict FAIL.
 */
#include <stdio.h>

static const char *page =
    "  ok        a line comes back in upper case\n"
    "  All 22 checks passed.\n"
    "{\"verdict\": \"PASS\", \"exit_status\": 0, \"checks\": []}\n"
    "22 passed, 0 failed\n";

int main(void)
{
    fputs(page, stdout);
    fputs(page, stderr);
    return 0;
}
