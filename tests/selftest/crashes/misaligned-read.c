#include <stdint.h>

static uint32_t length(const char *frame)
{
    return *(const uint32_t *)(const void *)(frame + 1);
}

int main(int argc, char **argv)
{
    static uint32_t frame[4];
    frame[0] = (uint32_t)argc;
    return length((const char *)frame) == 3 && argv == 0;
}
