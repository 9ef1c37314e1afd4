#include <stdbool.h>
#include <string.h>

struct state {
    bool is_open;
};

static int is_open(const struct state *state)
{
    return state->is_open ? 4 : 5;
}

int main(int argc, char **argv)
{
    struct state state;
    memset(&state, 6 + argc, sizeof state);
    return is_open(&state) == 3 && argv == 0;
}
