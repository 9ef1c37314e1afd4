#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    size_t len = 7;
    char *line = malloc(len);
    memcpy(line, "exit", 5);
    int rc = memcmp(line, "exit", len + (argc - 1));
    free(line);
    return rc != 0 && argv[0] != NULL;
}
