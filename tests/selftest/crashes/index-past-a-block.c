#include <stdlib.h>

int main(int argc, char **argv)
{
    char *text = malloc(8);
    if (text == NULL)
        return 1;
    text[7 + argc] = 0;
    int c = text[0];
    free(text);
    return c == 1 && argv == NULL;
}
