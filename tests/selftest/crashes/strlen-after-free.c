#include <stdlib.h>
#include <string.h>

int main(void)
{
    char *text = strdup("hello");
    if (text == NULL)
        return 1;
    free(text);
    return (int)strlen(text);
}
