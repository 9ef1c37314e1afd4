#include <stdlib.h>

struct client {
    int fd;
    int served;
};

static int served(const struct client *client)
{
    return client->served;
}

int main(int argc, char **argv)
{
    return served(argc > 5 ? malloc(sizeof(struct client)) : NULL)
        && argv == NULL;
}
