#include <stdlib.h>

struct client {
    int fd;
    char name[28];
};

static void client_free(struct client *client)
{
    free(client);
}

int main(void)
{
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return 1;
    client_free(client);
    return client->fd;
}
