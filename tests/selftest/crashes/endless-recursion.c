static int depth(volatile int *number)
{
    volatile int next = *number + 1;
    return depth(&next) + next;
}

int main(int argc, char **argv)
{
    volatile int first = argc;
    return depth(&first) == 3 && argv == 0;
}
