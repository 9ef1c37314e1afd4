static int call(int (*handler)(int), int number)
{
    return handler(number) + 1;
}

int main(int argc, char **argv)
{
    int (*volatile handler)(int) = 0;
    return call(handler, argc) && argv == 0;
}
