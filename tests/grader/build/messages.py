"""What compilers say, and what it means in these lessons: a table."""

# What compilers say is tried in this order: rows that know these lessons first.
# (what the compiler says, what it means here, the section of docs/hints/compiler.md)
# gcc's words, then clang's
OF_THESE_LESSONS = [
    (r"argument 2 of '(bind|connect|accept4?|getsockname|getpeername|sendto|"
     r"recvfrom)'(.|\n)*\|\s+(int|long|size_t|socklen_t)\b[^*\n]*\n|'[^']*\bint' to "
     r"parameter of incompatible type '__(CONST_)?SOCKADDR_ARG'|"
     r"argument 1 of '[a-oq-z]\w+' "
     r"makes integer from pointer|to integer conversion passing '[^']*\*' to "
     r"parameter of type 'int'|argument 2 of '(recv|send|read|write)' makes pointer "
     r"from integer|'[^']*(long|int)' to parameter of type '(const )?void \*'(?! "
     r"\[-Wint-conversion\]\n.*setsockopt)",
     "The arguments are in another order than in the manual page: the descriptor "
     "comes first, then the buffer or the address, then its length.", "order"),
    (r"argument 2 of '(bind|connect|accept4?|getsockname|getpeername|sendto|"
     r"recvfrom)'(.|\n)*\|\s+struct sockaddr\w+\n|passing 'struct sockaddr\w+' to "
     r"parameter of|cannot convert to a pointer type|where arithmetic or pointer "
     r"type is required|argument 3 of 'inet_pton'|passing 'struct in6?_addr' to "
     r"parameter of incompatible type 'void \*'|argument \d of 'pthread_(mutex|"
     r"cond)\w+'|passing 'pthread_(mutex|cond)_t' to",
     "The structure itself stands where its address is due: an & is missing before "
     "it.", "address-of"),
    (r"argument 2 of '(bind|connect|accept4?|getsockname|getpeername|sendto|"
     r"recvfrom)'|incompatible type '__(CONST_)?SOCKADDR_ARG'|to parameter of type "
     r"'(const )?struct sockaddr \*'",
     "This call takes a (struct sockaddr *) for every family: put this cast before "
     "the address of your variable.", "address-cast"),
    (r"argument (3|6) of '(bind|connect|accept4?|getsockname|getpeername|sendto|"
     r"recvfrom)' makes pointer|to pointer conversion passing '[^']*'( \(aka "
     r"'[^']*'\))? to parameter of type 'socklen_t \*'",
     "This call changes the length: it takes the address of a socklen_t variable, "
     "such as &len, that has the size before the call.", "length"),
    (r"argument (3|6) of '(bind|connect|accept4?|getsockname|getpeername|sendto|"
     r"recvfrom)' (differ|from)|passing '[^']*\*'( \(aka '[^']*'\))? to parameter of "
     r"type 'socklen_t \*'",
     "The length of an address is a socklen_t: another type has another size or "
     "sign.", "socklen"),
    (r"argument 4 of '.etsockopt'|argument to parameter '__optval'",
     "setsockopt takes the address of the value, such as &one, and then its size.",
     "option"),
    (r"'struct sockaddr_in6?' has no member named 's6?_addr'|no member named "
     r"'s6?_addr' in|(assigning to|to) type 'struct in_addr'|assigning to 'struct "
     r"in_addr'",
     "The number is in a structure of its own: addr.sin_addr.s_addr.", "in-addr"),
    (r"('in_addr_t'|'uint32_t').*from '(const )?char|to 'in_addr_t'.*from 'char",
     "A text is no address yet: inet_pton(3) turns it into one.", "in-addr"),
    (r"argument 1 of 'pthread_create' makes pointer|to parameter of type 'pthread_t "
     r"\*'|argument 1 of 'pthread_(join|detach|cancel)' makes integer|to parameter "
     r"of type 'pthread_t'",
     "pthread_create takes the address of the pthread_t, pthread_join and "
     "pthread_detach take its value.", "thread-id"),
    (r"argument 3 of 'pthread_create'|to parameter of type 'void \*\(\*\)\(void \*\)'",
     "A thread's function has the type void *name(void *argument), and is given by "
     "its name alone, without parentheses.", "thread-function"),
    (r"argument 2 of 'signal'|argument to parameter '__handler'",
     "A signal's handler has the type void name(int number), and is given by its "
     "name alone.", "thread-function"),
    (r"dereferencing 'void \*'|('const void'|'void') and '|subscript of pointer to "
     r"void|incomplete type 'void'",
     "A void * cannot be followed: copy it into a pointer of the real type first.",
     "void-pointer"),
    (r"discards '?(const|qualifiers)|discards qualifiers",
     "This function does not promise to leave the text alone: make its parameter "
     "const if it only reads.", "const"),
    (r"initialization of 'char' from 'char \*'|initializing 'char' with an "
     r"expression of type 'char\[|assignment to 'char' from 'char \*'|assigning to "
     r"'char' from 'char\[|'char \*' from 'int'|initializing 'char \*' with an "
     r"expression of type 'int'",
     "'x' is one character, \"x\" a text: a char holds the one, an array of char or "
     "a char * the other.", "text"),
    (r"comparison (with|against a) string literal|comparison between pointer and "
     r"integer",
     "== compares addresses here: strcmp(3) or memcmp(3) compare texts, one "
     "character is written 'x'.", "compare-text"),
    (r"suggest parentheses around assignment|result of an assignment as a condition",
     "A single = stores. To compare, write ==; to store a call's result and compare "
     "it, put the storing into parentheses of its own.", "condition"),
    (r"'return' with a value, in function returning void|void function .* should not "
     r"return",
     "A function of type void returns no value.", "return"),
    (r"'return' with no value|non-void function .* should return a value|does not "
     r"return a value|control reaches end of non-void",
     "A path through the function returns nothing.", "return"),
    (r"format '%\S+' expects a matching|more '%' conversions than",
     "The format has more conversions than there are arguments behind it.", "format"),
    (r"too many arguments for format|data argument not used by format",
     "There are more arguments than conversions in the format.", "format"),
    (r"format (not|string is not) a string literal",
     "The first argument of printf is your own text, never one from outside: "
     "printf(\"%s\", text).", "format"),
    (r"format '%\S+' expects argument|format specifies type",
     "The letter behind % does not fit the argument: %zu for size_t, %zd for "
     "ssize_t, %d for int, %s for a text.", "format"),
    (r"different signedness|integers of different signs",
     "One side can be negative, the other cannot, and -1 becomes a huge number: "
     "test for -1 first, then cast.", "sign"),
    (r"comparison of unsigned expression|unsigned expression (in '< 0'|< 0) is always",
     "An unsigned number is never below zero: the result of recv or send is a "
     "ssize_t.", "unsigned"),
    (r"(is|be) used uninitialized|is uninitialized when used|may be uninitialized|"
     r"used uninitialized whenever",
     "This variable has no value yet on this path.", "initial"),
    (r"set but not used",
     "The variable gets a value that nobody looks at: often the test of a result is "
     "missing.", "unused"),
    (r"unused (variable|parameter|function)|defined but not used",
     "Something is declared and never used: a step may be missing, or the line is "
     "too much.", "unused"),
    (r"isn't a prototype|not preceded by a prototype|without a prototype",
     "A function without parameters is declared with (void).", "prototype"),
    (r"no previous prototype",
     "A function for this file alone is static; one for others is declared in a "
     "header.", "prototype"),
    (r"shadows a|shadow(s|ed) (a )?(previous|local)",
     "An inner variable hides the outer one of the same name.", "shadow"),
    (r"empty body",
     "The ; behind the condition is already the whole body of this if or loop.",
     "empty"),
    (r"too few arguments.*\bfunction",
     "The call lacks an argument; see its manual page.", "arguments"),
    (r"undefined reference to .(send_all|recv_exact|line_\w+|frame_\w+|"
     r"ready_\w+|port_\w+|serve_\w+)",
     "This function is from the course or an earlier lesson: make lessonN links it; "
     "is its name as in the header?", "undefined"),
    (r"undefined reference to .(pthread|sem)_",
     "The name is not one of the thread library's: compare it with its manual page.",
     "undefined"),
]

# header: the names that a learner of these lessons needs it for
HEADERS = {
    "arpa/inet.h":
        r"hton[sl]|ntoh[sl]|inet_\w+",
    "sys/socket.h":
        r"socket|bind|listen|accept4?|connect|send|sendto|recv|recvfrom|shutdown|"
        r"[gs]etsockopt|getsockname|getpeername|socketpair|AF_\w+|SOCK_\w+|"
        r"SOL_SOCKET|SO_\w+|MSG_\w+|SHUT_\w+|socklen_t",
    "netinet/in.h":
        r"INADDR_\w+|IPPROTO_\w+|in_port_t|in_addr_t",
    "netdb.h":
        r"getaddrinfo|freeaddrinfo|getnameinfo|gai_strerror|getservby\w+|"
        r"getprotoby\w+|AI_\w+|NI_\w+|EAI_\w+",
    "unistd.h":
        r"close|read|write|fork|_exit|dup2?|pipe|getopt|optind|optarg|getpid|"
        r"ssize_t|STD\w+_FILENO",
    "string.h":
        r"mem\w+|str(len|n?cmp|chr|rchr|cpy|n?cat|str|error|dup)",
    "stdio.h":
        r"f?printf|snprintf|fputs|puts|fgets|fopen|fdopen|fclose|fflush|fwrite|"
        r"fread|perror|std(in|out|err)|setvbuf|getc|BUFSIZ|FILE|EOF",
    "stdlib.h":
        r"malloc|calloc|realloc|free|exit|strtou?ll?|strtol|EXIT_\w+|abort",
    "errno.h":
        r"errno|E[A-Z]{3,}",
    "signal.h":
        r"signal|sigaction|kill|raise|sig\w+|SIG\w+|sig_atomic_t",
    "pthread.h":
        r"pthread_\w+",
    "err.h":
        r"errx?|warnx?",
    "poll.h":
        r"poll|ppoll|POLL\w+",
    "sys/wait.h":
        r"waitpid|wait|W[A-Z]{3,}",
    "sys/mman.h":
        r"mmap|munmap|MAP_\w+|PROT_\w+",
    "stdbool.h":
        r"bool|true|false",
    "stdint.h":
        r"u?int(8|16|32|64)_t",
    "ctype.h":
        r"toupper|tolower|is(digit|space|alpha|upper|lower)",
    "time.h":
        r"time|ctime|strftime|localtime(_r)?",
}
UNKNOWN = (r"(?:declaration of function|undeclared function|undeclared (?:library )?"
           r"identifier|undeclared library function|unknown type name|identifier) "
           r"'({names})'|'({names})' undeclared")
OF_HEADERS = [
    (UNKNOWN.format(names=names),
     f"This name is declared in {header}: #include <{header}> is missing above.",
     "header") for header, names in HEADERS.items()]

GENERAL = [
    (r"unterminated (/\* )?comment",
     "A comment opens with /* and never ends with */.", "comment"),
    (r"'else' without|expected expression\n.*\belse\b",
     "This else has no if: look for a ; or a } too much just before it.", "brace"),
    (r"expected ';', identifier or '\('|expected ';' after (struct|union|enum)",
     "A semicolon is missing after a structure or declaration above.", "semicolon"),
    (r"expected expression",
     "Something is missing where a value should stand; look just before this place.",
     "parenthesis"),
    (r"expected '\)'",
     "A closing parenthesis is missing, or a comma between two arguments.",
     "parenthesis"),
    (r"expected identifier or '\('",
     "There is one closing brace too many above, so that this stands outside of a "
     "function.", "brace"),
    (r"extraneous closing brace",
     "There is one closing brace too many.", "brace"),
    (r"expected declaration or statement at end of input|expected '\}'",
     "A closing brace is missing: some { has no } of its own.", "brace"),
    (r"expected '[;,]'|expected [';\w]+ (before|after|at end)",
     "A semicolon or comma is missing, often at the end of the line before.",
     "semicolon"),
    (r"stray '\\\d+'|unexpected character <U|non-ASCII|Unicode character",
     "A character that only looks right, such as a curly quote or a wide blank, "
     "came in from a web page or word processor: type it again.", "character"),
    (r"'todo' undeclared|undefined reference to .todo'|function 'todo'",
     "A todo() is left but #include \"todo.h\" is gone: keep it until the last step.",
     "todo"),
    (r"implicit declaration of function '(\w+)'|undeclared function '(\w+)'",
     "This function is not declared: its manual page (man 2 or man 3) names the "
     "header to include.", "header"),
    (r"'(\w+)' undeclared|undeclared identifier",
     "This name is not known here: declared later, in another block, or misspelt; "
     "for a constant of the system, its manual page names the header.", "name"),
    (r"conflicting types for '(\w+)'|redefinition of '(\w+)' with",
     "This function was declared or used before in another form; perhaps its name "
     "is one of the C library's own.", "twice"),
    (r"redefinition of|redeclar",
     "The same name is defined twice in one place.", "twice"),
    (r"storage size of '\w+' isn't known|incomplete (definition of )?type",
     "The structure is only named here, not described: include its header, such as "
     "netinet/in.h for struct sockaddr_in.", "structure"),
    (r"has no member named|no member named",
     "The structure has no such field: sockaddr_in has sin_family, sin_port and "
     "sin_addr, and the number is in sin_addr.s_addr.", "member"),
    (r"too few arguments",
     "The call lacks an argument; see its manual page.", "arguments"),
    (r"too many arguments",
     "The call has one argument more than the function takes.", "arguments"),
    (r"passing argument (\d+).*incompatible|incompatible pointer types passing",
     "The types differ: bind, connect and accept want (struct sockaddr *) before "
     "the address of your sockaddr_in.", "address-cast"),
    (r"makes pointer from integer|incompatible integer to pointer",
     "A number stands where an address is due: perhaps an & is missing.",
     "number-pointer"),
    (r"makes integer from pointer|incompatible pointer to integer",
     "An address stands where a number is due: perhaps an & or * is too much.",
     "number-pointer"),
    (r"void value not ignored|initializing .* with an expression of .*type 'void'",
     "A void has no value: this function returns nothing, or a void * is followed.",
     "void"),
    (r"incompatible types when (assigning|initializing|returning)|invalid "
     r"initializer|with an expression of incompatible type|from incompatible type",
     "The two sides have different types that C will not convert.", "types"),
    (r"lvalue required|expression is not assignable",
     "The left side of = must be a variable.", "variable"),
    (r"expression with array type|array type .* is not assignable",
     "An array is not assigned with =: copy its bytes, for instance with memcpy(3).",
     "array"),
    (r"read-only|const-qualified type",
     "This is const: it may not be changed.", "const"),
    (r"array size missing|needs an explicit size",
     "An array needs its size: a number between the brackets, or values behind =.",
     "array"),
    (r"unknown type name",
     "This type is not known here: misspelt, or its header is missing; the manual "
     "page of a call that uses it names the header.", "header"),
    (r"duplicate case",
     "Two cases of one switch have the same value.", "case"),
    (r"invalid type argument of unary '\*'|indirection requires pointer",
     "Only a pointer can be followed with *.", "pointer"),
    (r"invalid operands to binary|invalid operands",
     "These two cannot be combined; a structure is not a number.", "types"),
    (r"'->' .*not a pointer|invalid type argument of '->'|is not a pointer; did you",
     "Use . with a structure and -> with a pointer to one.", "pointer"),
    (r"is a pointer; did you mean to use '->'",
     "Use -> with a pointer to a structure and . with the structure itself.",
     "pointer"),
    (r"called object .* is not a function|is not a function or function pointer",
     "A variable has the same name as the function you want to call.", "call"),
    (r"break statement not within|'break' statement not in",
     "break stands outside a loop: count the braces above it.", "loop"),
    (r"continue statement not within|'continue' statement not in",
     "continue stands outside a loop: count the braces above it.", "loop"),
    (r"control reaches end of non-void",
     "A path through the function returns nothing.", "return"),
    (r"No such file or directory|file not found",
     "The header's name is misspelt, or it is not on this machine.", "file"),
    (r"undefined reference to .main'|symbol.* main",
     "There is no main function in these files.", "main"),
    (r"undefined reference to|undefined symbol",
     "The function is called but defined nowhere: misspelt, or not written yet.",
     "undefined"),
    (r"multiple definition of|duplicate symbol",
     "Two files define the same function; one of them must go or become static.",
     "twice"),
    (r"(two or more|multiple) data types in declaration|cannot combine with previous",
     "A semicolon is missing after a structure above, or a type has a word too many.",
     "semicolon"),
    (r"the compiler was still at work",
     "Does a macro or #include call itself?", "other"),
]
ROWS = OF_THESE_LESSONS + OF_HEADERS + GENERAL
