int main(int argc, char **argv)
{
    unsigned char byte = (unsigned char)(199 + argc);
    int length = byte << 24;
    return length == 3 && argv == 0;
}
