#include <string.h>

static size_t use(size_t len, size_t at)
{
    char copy[len];
    memset(copy, 0, len);
    copy[at] = 'a';
    return strlen(copy);
}

int main(int argc, char **argv)
{
    return use((size_t)argc * 20, (size_t)argc * 24) == 3 && argv == NULL;
}
