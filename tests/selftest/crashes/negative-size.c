#include <string.h>

int main(int argc, char **argv)
{
    char buf[16] = "", from[16] = "";
    int len = argc - 2;
    memmove(buf, from, (size_t)len);
    return buf[0] == 0 && argv == NULL;
}
