#include <signal.h>
#include <stdlib.h>

static char *volatile kept;

static void on_signal(int number)
{
    kept = malloc((size_t)number);
}

int main(void)
{
    signal(SIGTERM, on_signal);
    raise(SIGTERM);
    return kept == NULL;
}
