/*
 * not-utf8 - a program that prints bytes that are no text
 *
 * Graded as lesson 04, with the verdict FAIL.
 */
#include <stdio.h>

int main(void)
{
    for (int byte = 255; byte >= 0; byte--) {
        fputc(byte, stderr);
        fputc(byte, stdout);
    }
    fputs("\xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x80\xae\n", stderr);
    return 1;
}
