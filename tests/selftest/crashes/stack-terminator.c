#include <string.h>

static size_t fill(char *to, size_t len)
{
    memset(to, 'a', len);
    return len;
}

int main(int argc, char **argv)
{
    char name[8];
    char *p = name;
    size_t n = fill(p, sizeof name);
    p[n] = '\0';
    return name[0] == argc && argv == NULL;
}
