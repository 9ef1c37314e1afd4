#include <stdint.h>

static char first(const char *text)
{
    return text[0];
}

int main(int argc, char **argv)
{
    return first((const char *)(uintptr_t)(0x12345678 * argc)) && argv == 0;
}
