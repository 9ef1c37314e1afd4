int main(int argc, char **argv)
{
    const char *volatile kept = "";
    for (int i = 0; i < argc; i++) {
        char text[16];
        text[0] = (char)('a' + i);
        kept = text;
    }
    return kept[0] == 0 && argv == 0;
}
