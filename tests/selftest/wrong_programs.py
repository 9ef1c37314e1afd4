"""Programs with the usual mistakes, and the words of the help they must be given."""

INCLUDES = """\
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
"""


def body(*lines):
    """Return a program whose main consists of these lines."""
    return INCLUDES + "int main(void)\n{\n" + \
        "".join(f"    {line}\n" for line in lines) + "    return 0;\n}\n"


# (name, program, words of the help)
WRONG = [
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
     "names the header"),
    ("misspelt call", body("clsoe(3);"), "misspelt"),
    ("misspelt name", body("int fd = 3;", "close(df);"), "not known here"),
    ("constant", "#include <stddef.h>\nint main(void)\n{\n    return AF_INET;\n}\n",
     "not known here"),
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
