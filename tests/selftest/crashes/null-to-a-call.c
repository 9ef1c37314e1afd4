#include <string.h>

int main(int argc, char **argv)
{
    const char *volatile name = argc > 5 ? argv[1] : NULL;
    return strcmp(name, "exit") == 0;
}
