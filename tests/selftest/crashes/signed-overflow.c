#include <limits.h>

int main(int argc, char **argv)
{
    int sum = INT_MAX;
    sum += argc;
    return sum == 3 && argv == 0;
}
