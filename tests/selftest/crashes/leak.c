#include <stdlib.h>
#include <string.h>

struct client {
    char *name;
    struct client *next;
};

static struct client *client_new(void)
{
    struct client *client = calloc(1, sizeof *client);
    if (client != NULL)
        client->name = malloc(10);
    return client;
}

int main(int argc, char **argv)
{
    struct client *volatile last = NULL;
    for (int i = 0; i < 2 + argc; i++)
        last = client_new();
    last = argc > 5 ? last : NULL;
    return last != NULL && argv != NULL;
}
