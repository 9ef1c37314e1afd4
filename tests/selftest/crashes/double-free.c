#include <stdlib.h>

__attribute__((noinline)) static void drop(char *text)
{
    free(text);
}

int main(void)
{
    char *volatile text = malloc(20);
    drop(text);
    drop(text);
    return text == NULL;
}
