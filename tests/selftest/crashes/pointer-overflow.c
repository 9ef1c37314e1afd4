#include <stddef.h>

int main(int argc, char **argv)
{
    char buf[16] = "";
    char *volatile at = buf;
    char *end = at + (size_t)-17 - (size_t)argc + 4;
    end = at - ((size_t)1 << 63) - argc;
    return end == at + ((size_t)argc << 63) && argv == 0;
}
