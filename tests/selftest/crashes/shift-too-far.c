int main(int argc, char **argv)
{
    unsigned mask = ~0u << (31 + argc);
    return mask == 3 && argv == 0;
}
