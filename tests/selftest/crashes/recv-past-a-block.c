#include <stdlib.h>
#include <sys/socket.h>

int main(void)
{
    int fds[2];
    char *buf = malloc(8);
    if (buf == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1)
        return 1;
    send(fds[0], "hello, world", 12, 0);
    recv(fds[1], buf, 16, 0);
    free(buf);
    return 0;
}
