/*
 * escapes - a program that sends orders to the terminal
 *
 * Graded as lesson 04, with the verdict FAIL.
 */
#include <stdio.h>

int main(void)
{
    fputs("\033[2J\033[1;1H\033]0;passed\007 \033[32mok\033[0m "
          "\b\r\f\v\n", stderr);
    fputs("listening on 127.0.0.1:\033[8m1\n", stdout);
    return 1;
}
