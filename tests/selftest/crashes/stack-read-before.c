#include <string.h>

static char last(const char *line, size_t len)
{
    return line[len - 1];
}

int main(int argc, char **argv)
{
    char line[16] = "";
    return last(line, strlen(line)) == argc && argv == NULL;
}
