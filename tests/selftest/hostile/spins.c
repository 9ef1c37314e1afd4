/*
 * spins - a program that computes for ever
 *
 * Graded as lesson 04, with the verdict TIMEOUT.
 */
int main(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}
