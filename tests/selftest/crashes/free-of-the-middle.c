#include <stdlib.h>

static void drop(char *text)
{
    free(text);
}

int main(void)
{
    char *text = malloc(20);
    drop(text + 4);
    return 0;
}
