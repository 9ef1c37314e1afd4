static int use(int len)
{
    char copy[len];
    copy[0] = 'a';
    char *volatile it = copy;
    return it[0];
}

int main(int argc, char **argv)
{
    return use(argc - 2) == 3 && argv == 0;
}
