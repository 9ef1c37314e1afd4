"""One sentence of help for the commonest compiler errors of these lessons."""
import re

# (what the compiler says, what it means here); gcc's words, then clang's
SENTENCES = [
    (r"unterminated (/\* )?comment", "A comment opens with /* and never ends with */."),
    (r"'else' without|expected expression\n.*\belse\b",
     "This else has no if: look for a ; or a } too much just before it."),
    (r"expected ';', identifier or '\('|expected ';' after (struct|union|enum)",
     "A semicolon is missing after a structure or declaration above."),
    (r"expected expression",
     "Something is missing where a value should stand; look just before this place."),
    (r"expected '\)'",
     "A closing parenthesis is missing, or a comma between two arguments."),
    (r"expected identifier or '\('",
     "There is one closing brace too many above, so that this stands outside of a "
     "function."),
    (r"extraneous closing brace", "There is one closing brace too many."),
    (r"expected declaration or statement at end of input|expected '\}'",
     "A closing brace is missing: some { has no } of its own."),
    (r"expected '[;,]'|expected [';\w]+ (before|after|at end)",
     "A semicolon or comma is missing, often at the end of the line before."),
    (r"stray '\\\d+'|unexpected character <U|non-ASCII",
     "A character that only looks right, such as a curly quote or a wide blank, came "
     "in from a web page or word processor: type it again."),
    (r"'todo' undeclared|undefined reference to .todo'|function 'todo'",
     'A todo() is left but #include "todo.h" is gone: keep it until the last step.'),
    (r"implicit declaration of function '(\w+)'|undeclared function '(\w+)'",
     "This function is not declared: its manual page (man 2 or man 3) names the header "
     "to include."),
    (r"'(\w+)' undeclared|undeclared identifier",
     "This name is not known here: declared later, in another block, or misspelt; for "
     "a constant of the system, its manual page names the header."),
    (r"conflicting types for '(\w+)'|redefinition of '(\w+)' with",
     "This function was declared or used before in another form; perhaps its name is "
     "one of the C library's own."),
    (r"redefinition of|redeclar",
     "The same name is defined twice in one place."),
    (r"storage size of '\w+' isn't known|incomplete (definition of )?type",
     "The structure is only named here, not described: include its header, such as "
     "netinet/in.h for struct sockaddr_in."),
    (r"has no member named|no member named",
     "The structure has no such field: sockaddr_in has sin_family, sin_port and "
     "sin_addr, and the number is in sin_addr.s_addr."),
    (r"too few arguments", "The call lacks an argument; see its manual page."),
    (r"too many arguments", "The call has one argument more than the function takes."),
    (r"passing argument (\d+).*incompatible|incompatible pointer types passing",
     "The types differ: bind, connect and accept want (struct sockaddr *) before the "
     "address of your sockaddr_in."),
    (r"makes pointer from integer|incompatible integer to pointer",
     "A number stands where an address is due: perhaps an & is missing."),
    (r"makes integer from pointer|incompatible pointer to integer",
     "An address stands where a number is due: perhaps an & or * is too much."),
    (r"void value not ignored|initializing .* with an expression of .*type 'void'",
     "This function returns nothing, so there is no value to use."),
    (r"incompatible types when (assigning|initializing|returning)|invalid initializer|"
     r"with an expression of incompatible type|from incompatible type",
     "The two sides have different types that C will not convert."),
    (r"lvalue required|expression is not assignable",
     "The left side of = must be a variable."),
    (r"expression with array type|array type .* is not assignable",
     "An array is not assigned with =: copy its bytes, for instance with memcpy(3)."),
    (r"read-only|const-qualified type", "This is const: it may not be changed."),
    (r"array size missing|needs an explicit size",
     "An array needs its size: a number between the brackets, or values behind =."),
    (r"unknown type name",
     "This type is not known here: misspelt, or its header is missing; the manual page "
     "of a call that uses it names the header."),
    (r"duplicate case", "Two cases of one switch have the same value."),
    (r"invalid type argument of unary '\*'|indirection requires pointer",
     "Only a pointer can be followed with *."),
    (r"invalid operands to binary|invalid operands",
     "These two cannot be combined; a structure is not a number."),
    (r"'->' .*not a pointer|invalid type argument of '->'|is not a pointer; did you",
     "Use . with a structure and -> with a pointer to one."),
    (r"is a pointer; did you mean to use '->'",
     "Use -> with a pointer to a structure and . with the structure itself."),
    (r"called object .* is not a function|is not a function or function pointer",
     "A variable has the same name as the function you want to call."),
    (r"break statement not within|'break' statement not in",
     "break stands outside a loop: count the braces above it."),
    (r"continue statement not within|'continue' statement not in",
     "continue stands outside a loop: count the braces above it."),
    (r"control reaches end of non-void",
     "A path through the function returns nothing."),
    (r"No such file or directory|file not found",
     "The header's name is misspelt, or it is not on this machine."),
    (r"undefined reference to .main'|symbol.* main",
     "There is no main function in these files."),
    (r"undefined reference to|undefined symbol",
     "The function is called but defined nowhere: misspelt, or not written yet."),
    (r"multiple definition of|duplicate symbol",
     "Two files define the same function; one of them must go or become static."),
    (r"(two or more|multiple) data types in declaration|cannot combine with previous",
     "A semicolon is missing after a structure above, or a type has a word too many."),
    (r"the compiler was still at work", "Does a macro or #include call itself?"),
]

# Said in a warning, before an error that only follows from it.
NOT_CLOSED = (r"missing terminating", "A string or character is not closed.")

NO_SANITIZER = re.compile(
    r"cannot find .*lib[atu]+bsan|cannot find -l[atu]+b?san|libclang_rt\.[atu]+b?san"
    r"|unsupported option '-fsanitize|unrecognized .*-fsanitize"
    r"|cannot find .*lib[at]san")


def sentence(text):
    """Return a sentence of help for the first error in the compiler's `text`, or ""."""
    error = first_error(text)
    if re.search(NOT_CLOSED[0], text):
        return NOT_CLOSED[1]
    for pattern, help_text in SENTENCES:
        if re.search(pattern, error.replace("‘", "'").replace("’", "'")):
            return help_text
    return ""


def first_error(text):
    """Return the first error in the compiler's `text`, with its lines of context."""
    lines = text.splitlines()
    for i, line in enumerate(lines):
        if re.search(r"\berror:|undefined reference|multiple definition", line):
            context = [line]
            for more in lines[i + 1:i + 4]:
                if re.match(r"\s+(\d+ )?\|", more) or re.match(r"\s", more):
                    context.append(more)
                else:
                    break
            return "\n".join(context)
    return "\n".join(lines[:4])


def lacks_sanitizer(text):
    """Say whether the build failed only because a sanitizer's library is missing."""
    return bool(NO_SANITIZER.search(text))
