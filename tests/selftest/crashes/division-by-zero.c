int main(int argc, char **argv)
{
    int mean = 7 / (argc - 1);
    return mean == 3 && argv == 0;
}
