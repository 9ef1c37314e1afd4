/*
 * std.h - the descriptors 0, 1 and 2
 */
#ifndef STD_H
#define STD_H

/*
 * Keep the descriptors 0, 1 and 2 for stdin, stdout and stderr.
 *
 * A program may be started with some of them closed, as by ">&-" in the shell.
 * The next socket then gets the free number, as open(2) says, and what is
 * printed goes to the peer.  So main calls this before anything else: each
 * that is closed becomes /dev/null, opened the wrong way round.  Reading from
 * it, or writing to it, still fails with EBADF, and is still noticed.
 *
 * Does nothing when all three are open.  Ends the program with status 1 when
 * /dev/null cannot be opened: there is nothing safe to go on with.  Does not
 * block.  Call it while there is one thread.
 */
void std_reserve(void);

#endif
