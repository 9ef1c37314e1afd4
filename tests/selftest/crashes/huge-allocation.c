#include <stdlib.h>

int main(int argc, char **argv)
{
    char *volatile block = malloc((size_t)argc << 60);
    free(block);
    return argv == NULL;
}
