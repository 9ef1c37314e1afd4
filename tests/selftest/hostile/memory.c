/*
 * memory - a program that takes memory on and on, up to a bound of its own
 *
 * Graded as lesson 04, with the verdict LIMIT, TIMEOUT.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE (16 << 20)        /* bytes */

int main(void)
{
    for (int i = 0; i < 160; i++) {
        char *piece = malloc(PIECE);
        if (piece == NULL)
            break;
        memset(piece, 1, PIECE);
    }
    for (;;)
        pause();
}
