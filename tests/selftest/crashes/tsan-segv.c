static char first(const char *text)
{
    return text[0];
}

int main(int argc, char **argv)
{
    return first(argc > 5 ? argv[1] : 0) == 'a';
}
