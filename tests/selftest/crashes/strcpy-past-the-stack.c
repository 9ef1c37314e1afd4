#include <string.h>

int main(int argc, char **argv)
{
    char name[4];
    strcpy(name, argc == 1 ? "Michael" : argv[1]);
    return name[0] == 0;
}
