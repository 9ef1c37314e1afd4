#include <stdlib.h>

static void drop(char *text)
{
    free(text);
}

int main(void)
{
    char text[20];
    char *volatile start = text;
    drop(start);
    return 0;
}
