#include <string.h>

int main(int argc, char **argv)
{
    char buf[16] = "hello, world";
    memcpy(buf, buf + argc, 11);
    return buf[0] == 0 && argv == NULL;
}
