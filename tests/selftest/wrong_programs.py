"""Programs with the usual mistakes, and the words of the help they must be given."""

INCLUDES = """\
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
"""


def body(*lines):
    """Return a program whose main consists of these lines."""
    return INCLUDES + "int main(void)\n{\n" + \
        "".join(f"    {line}\n" for line in lines) + "    return 0;\n}\n"


ADDRESS = "struct sockaddr_in addr = { .sin_family = AF_INET };"
# (name, program, words of the help)
WRONG = [
    ("cast-bind", body(ADDRESS, "bind(3, &addr, sizeof addr);"),
     "(struct sockaddr *)"),
    ("cast-connect", body(ADDRESS, "return connect(3, &addr, sizeof addr);"),
     "(struct sockaddr *)"),
    ("cast-accept", body(ADDRESS, "socklen_t len = sizeof addr;",
                         "int fd = accept(3, &addr, &len);", "close(fd);"),
     "(struct sockaddr *)"),
    ("cast-storage", body("struct sockaddr_storage addr;",
                          "socklen_t len = sizeof addr;",
                          "getsockname(3, &addr, &len);"), "put this cast"),
    ("amp-len", body(ADDRESS, "socklen_t len = sizeof addr;",
                     "int fd = accept(3, (struct sockaddr *)&addr, len);",
                     "close(fd);"), "&len"),
    ("sizeof-accept", body(ADDRESS,
                           "int fd = accept(3, (struct sockaddr *)&addr, sizeof addr);",
                           "close(fd);"), "&len"),
    ("int-len", body(ADDRESS, "int len = sizeof addr;",
                     "int fd = accept(3, (struct sockaddr *)&addr, &len);",
                     "close(fd);"), "socklen_t"),
    ("size_t-len", body(ADDRESS, "size_t len = sizeof addr;",
                        "int fd = accept(3, (struct sockaddr *)&addr, &len);",
                        "close(fd);"), "socklen_t"),
    ("no-amp-addr", body(ADDRESS, "bind(3, (struct sockaddr *)addr, sizeof addr);"),
     "& is missing"),
    ("no-amp-addr2", body(ADDRESS, "bind(3, addr, sizeof addr);"), "& is missing"),
    ("htons-header", "int main(void)\n{\n    return htons(80);\n}\n", "arpa/inet.h"),
    ("socket-header", "#include <unistd.h>\nint main(void)\n{\n"
     "    return socket(1, 1, 0);\n}\n", "sys/socket.h"),
    ("pton-header", "#include <netinet/in.h>\n#include <sys/socket.h>\n"
     "int main(void)\n{\n    struct in_addr a;\n"
     "    return inet_pton(AF_INET, \"127.0.0.1\", &a);\n}\n", "arpa/inet.h"),
    ("errno-header", "#include <unistd.h>\nint main(void)\n{\n"
     "    return close(3) == -1 && errno == EINTR;\n}\n", "errno.h"),
    ("field", body("struct sockaddr_in addr;", "addr.sin_prot = htons(80);",
                   "bind(3, (struct sockaddr *)&addr, sizeof addr);"),
     "no such field"),
    ("field-port", body("struct sockaddr_in addr;", "addr.port = htons(80);"),
     "no such field"),
    ("s_addr-direct", body("struct sockaddr_in addr;",
                           "addr.s_addr = htonl(INADDR_LOOPBACK);"),
     "sin_addr.s_addr"),
    ("sin_addr", body("struct sockaddr_in addr;",
                      "addr.sin_addr = htonl(INADDR_LOOPBACK);",
                      "close(addr.sin_port);"), "sin_addr.s_addr"),
    ("sin_addr-text", body("struct sockaddr_in addr;",
                           "addr.sin_addr.s_addr = \"127.0.0.1\";",
                           "close(addr.sin_port);"), "inet_pton"),
    ("assign-cond", body("int fd = 3;", "if (fd = -1)", "    return 1;"), "single ="),
    ("accept-paren", body("int fd;", "if (fd = accept(3, NULL, NULL) == -1)",
                          "    return 1;", "close(fd);"), "single ="),
    ("missing-return", INCLUDES +
     "static int f(int fd)\n{\n    if (fd > 3)\n        return 1;\n}\n"
     "int main(void)\n{\n    return f(3);\n}\n", "path"),
    ("printf-size_t", body("size_t n = 3;", "printf(\"%d bytes\\n\", n);"), "%zu"),
    ("printf-string", body("int n = 3;", "printf(\"%s\\n\", n);"), "%zu"),
    ("printf-too-few", body("printf(\"%d bytes\\n\");"), "more conversions"),
    ("printf-too-many", body("printf(\"bytes\\n\", 3);"), "more arguments"),
    ("printf-var", body("char text[] = \"a\";", "printf(text);"), "your own text"),
    ("undef-send_all", "#include <stddef.h>\n"
     "int send_all(int fd, const void *data, size_t len, size_t *sent);\n"
     "int main(void)\n{\n    return send_all(1, \"a\", 1, NULL);\n}\n",
     "earlier lesson"),
    ("undef-pthread", "int pthread_creat(void);\nint main(void)\n{\n"
     "    return pthread_creat();\n}\n", "thread library"),
    ("undef-err", "int errr(int s, const char *f);\nint main(void)\n{\n"
     "    return errr(1, \"x\");\n}\n", "defined nowhere"),
    ("accept-order", body(ADDRESS, "socklen_t len = sizeof addr;",
                          "int fd = accept((struct sockaddr *)&addr, 3, &len);",
                          "close(fd);"), "order"),
    ("recv-order", body("char buf[9];", "return recv(3, sizeof buf, buf, 0);"),
     "order"),
    ("send-few", body("return send(3, \"hello\", 5);"), "lacks an argument"),
    ("char-string", body("char name = \"exit\";", "return name;"), "one character"),
    ("char-array-of", body("char *name = 'x';", "return name[0];"), "one character"),
    ("char-cmp", body("char line[9] = \"a\";", "if (line[0] == \"a\")",
                      "    return 1;"), "strcmp"),
    ("str-cmp", body("char *volatile line = \"a\";", "if (line == \"a\")",
                     "    return 1;"), "strcmp"),
    ("unused-var", body("int fd;"), "never used"),
    ("unused-param", INCLUDES +
     "static int f(int fd)\n{\n    return 1;\n}\nint main(void)\n{\n"
     "    return f(3);\n}\n", "never used"),
    ("sign-compare", body("size_t len = 9;", "ssize_t n = recv(3, NULL, 0, 0);",
                          "if (n < len)", "    return 1;"), "-1 first"),
    ("uninit", body("int fd;", "return fd;"), "no value yet"),
    ("thread-fn", INCLUDES + "static void work(void)\n{\n}\nint main(void)\n{\n"
     "    pthread_t t;\n"
     "    return pthread_create(&t, NULL, work, NULL);\n}\n", "void *name"),
    ("thread-call", INCLUDES +
     "static void *work(void *a)\n{\n    return a;\n}\nint main(void)\n"
     "{\n    pthread_t t;\n"
     "    return pthread_create(&t, NULL, work(NULL), NULL);\n}\n",
     "without parentheses"),
    ("thread-amp", INCLUDES +
     "static void *work(void *a)\n{\n    return a;\n}\nint main(void)\n"
     "{\n    pthread_t t;\n"
     "    pthread_create(&t, NULL, work, NULL);\n"
     "    return pthread_join(&t, NULL);\n}\n", "take its value"),
    ("thread-noamp", INCLUDES +
     "static void *work(void *a)\n{\n    return a;\n}\nint main(void)\n"
     "{\n    pthread_t t = 0;\n"
     "    return pthread_create(t, NULL, work, NULL);\n}\n", "takes the address"),
    ("mutex-noamp", INCLUDES + "static pthread_mutex_t lock;\nint main(void)\n{\n"
     "    return pthread_mutex_lock(lock);\n}\n", "& is missing"),
    ("void-star", body("char buf[8] = \"\";", "const void *p = buf;",
                       "return *p == 0;"), "void *"),
    ("const-drop", INCLUDES +
     "static void f(char *s)\n{\n    s[0] = 0;\n}\nint main(void)\n{\n"
     "    const char *t = \"a\";\n    f(t);\n    return 0;\n}\n", "const"),
    ("prototype", INCLUDES +
     "static int f()\n{\n    return 1;\n}\nint main(void)\n{\n    return f();\n"
     "}\n", "(void)"),
    ("missing-prototype", INCLUDES +
     "int f(void)\n{\n    return 1;\n}\nint main(void)\n{\n"
     "    return f();\n}\n", "static"),
    ("shadow", body("int fd = 3;", "{", "    int fd = 4;", "    close(fd);", "}",
                    "close(fd);"), "hides"),
    ("self-compare-unsigned", body("size_t n = 3;", "if (n < 0)", "    return 1;"),
     "never below zero"),
    ("setsockopt-val", body("int one = 1;",
                            "return setsockopt(3, SOL_SOCKET, SO_DEBUG, one, 4);"),
     "address of the value"),
    ("in_addr-pton", body(ADDRESS,
                          "return inet_pton(AF_INET, \"127.0.0.1\", addr.sin_addr);"),
     "& is missing"),
    ("return-void", INCLUDES +
     "static void f(void)\n{\n    return 1;\n}\nint main(void)\n{\n"
     "    f();\n    return 0;\n}\n", "returns no value"),
    ("return-nothing", INCLUDES +
     "static int f(void)\n{\n    return;\n}\nint main(void)\n{\n"
     "    return f();\n}\n", "path"),
    ("empty-if", body("int fd = 3;", "if (fd == -1);", "    return 1;"), "whole body"),
    ("semicolon", body("int fd = 3", "close(fd);"), "semicolon"),
    ("semicolon after return", "int main(void)\n{\n    return 0\n}\n", "semicolon"),
    ("semicolon after a structure",
     "struct s { int a; }\nint main(void) { return 0; }\n",
     "semicolon is missing after a structure"),
    ("parenthesis", body("int fd = close(3;"), "parenthesis"),
    ("value", body("int fd = ;"), "a value should stand"),
    ("open brace", INCLUDES + "int main(void)\n{\n    if (1) {\n    return 0;\n}\n",
     "closing brace is missing"),
    ("extra brace", "int main(void)\n{\n    return 0;\n}\n}\n", "too many"),
    ("comment", "/* never closed\nint main(void) { return 0; }\n", "never ends"),
    ("string", body('puts("hello);'), "not closed"),
    ("curly quote", body("puts(\u201chello\u201d);"), "only looks right"),
    ("wide blank", body("int\u00a0fd = 3;"), "only looks right"),
    ("todo", body("int fd = todo(1);"), "todo.h"),
    ("missing header", "int main(void)\n{\n    close(3);\n    return 0;\n}\n",
     "unistd.h"),
    ("misspelt call", body("clsoe(3);"), "misspelt"),
    ("misspelt name", body("int fd = 3;", "close(df);"), "not known here"),
    ("constant", "#include <stddef.h>\nint main(void)\n{\n    return AF_INET;\n}\n",
     "sys/socket.h"),
    ("name of the library", INCLUDES + "int send(int fd) { return fd; }\n"
     "int main(void) { return 0; }\n", "C library"),
    ("twice a variable", body("int fd = 3;", "int fd = 4;"), "twice"),
    ("twice a function", "int f(void);\nint f(void) { return 0; }\n"
     "int f(void) { return 1; }\nint main(void) { return f(); }\n", "twice"),
    ("structure not known", "#include <sys/socket.h>\nint main(void)\n{\n"
     "    struct sockaddr_in a;\n    return sizeof a > 0;\n}\n", "only named here"),
    ("member", body("struct sockaddr_in a;", "a.sin_address = 0;"), "no such field"),
    ("too few", body("close();"), "lacks an argument"),
    ("too many", body("close(3, 4);"), "one argument more"),
    ("lvalue", body("int fd;", "3 = fd;"), "must be a variable"),
    ("dereference", body("int fd = 3;", "*fd = 4;"), "Only a pointer"),
    ("operands", body("struct sockaddr_in a;", "if (a == 0)", "    close(3);"),
     "cannot be combined"),
    ("arrow", body("struct sockaddr_in a;", "a->sin_port = 0;"), "Use . with"),
    ("dot", body("struct sockaddr_in b, *a = &b;", "a.sin_port = 0;"), "Use -> with"),
    ("not a function", body("int close = 3;", "close(4);"), "name as the function"),
    ("break", body("break;"), "outside a loop"),
    ("continue", body("continue;"), "outside a loop"),
    ("void value", INCLUDES + "static void f(void) { close(3); }\n"
     "int main(void)\n{\n    int n = f();\n    return n;\n}\n", "returns nothing"),
    ("conversion", body("struct sockaddr_in a = 3;", "close(a.sin_port);"),
     "will not convert"),
    ("conversion of a structure", body("struct sockaddr_in a = { 0 };", "int n = a;",
                                       "close(n);"), "will not convert"),
    ("no such header", "#include <netinet/inn.h>\nint main(void) { return 0; }\n",
     "misspelt"),
    ("no main", "int f(void);\nint f(void) { return 0; }\n", "no main"),
    ("undefined", "int f(void);\nint main(void) { return f(); }\n", "defined nowhere"),
    ("brace before else", body("if (1)", "    close(3);", "}", "else {", "}"),
     "one closing brace too many"),
    ("array size", body("char buf[];", "close(buf[0]);"), "size"),
    ("type name", body("size n = 3;", "close(n);"), "not known here"),
    ("missing comma", body("send(3, \"x\" 1, 0);"), "comma"),
    ("stray else", body("else", "    close(3);"), "else"),
    ("assign to an array", body("char buf[4];", 'buf = "abc";'), "array"),
    ("const", body("const int fd = 3;", "fd = 4;"), "const"),
    ("duplicate case", body("switch (3) {", "case 1: break;", "case 1: break;", "}"),
     "case"),
]
