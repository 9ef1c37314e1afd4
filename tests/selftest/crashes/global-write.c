static char line[16];

static void terminate(char *at)
{
    *at = '\0';
}

int main(int argc, char **argv)
{
    terminate(line + sizeof line + argc - 1);
    return argv == 0;
}
