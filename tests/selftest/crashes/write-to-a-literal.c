static void lower(volatile char *text)
{
    text[0] = 'e';
}

int main(void)
{
    char *volatile word = "Exit";
    lower(word);
    return 0;
}
