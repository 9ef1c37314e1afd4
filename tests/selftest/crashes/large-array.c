#include <string.h>

static size_t use(size_t len)
{
    char copy[len];
    memset(copy, 0, len);
    return strlen(copy);
}

int main(int argc, char **argv)
{
    return use((size_t)argc << 26) == 3 && argv == NULL;
}
