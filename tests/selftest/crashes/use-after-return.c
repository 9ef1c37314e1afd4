__attribute__((noinline)) static char *name(int number)
{
    char text[16];
    text[0] = (char)('a' + number);
    text[1] = '\0';
    char *volatile kept = text;
    return kept;
}

int main(int argc, char **argv)
{
    const char *it = name(argc);
    return it[0] == 0 && argv == 0;
}
