#include <string.h>

int main(int argc, char **argv)
{
    char buf[8] = "";
    const char *volatile from = argc > 5 ? argv[1] : NULL;
    memcpy(buf, from, 4);
    return buf[0];
}
