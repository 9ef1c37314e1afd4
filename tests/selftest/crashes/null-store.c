#include <stddef.h>

static void count(size_t *sent)
{
    *sent = 3;
}

int main(int argc, char **argv)
{
    size_t n = 0;
    count(argc > 5 ? &n : NULL);
    return n == 4 && argv == NULL;
}
