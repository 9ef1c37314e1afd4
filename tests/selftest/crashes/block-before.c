#include <stdlib.h>

int main(int argc, char **argv)
{
    char *text = calloc(8, 1);
    if (text == NULL)
        return 1;
    char *last = text - argc;
    int c = last[0];
    free(text);
    return c == 1 && argv == NULL;
}
