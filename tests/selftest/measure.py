"""Measures source text: the functions of a C file or a Python module."""
import ast
import re
from collections import namedtuple

# line   of the opening brace (C) or of "def" (Python); lines: its length
Function = namedtuple("Function", "name line lines")

PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)


def c_functions(text):
    """Return the Functions of C code: from the line of { to that of its }."""
    from grader.course.sources import without_comments
    code = PREPROCESSOR.sub(lambda m: "\n" * m[0].count("\n"), without_comments(text))
    found, depth, before, start = [], 0, "", None
    for number, line in enumerate(code.splitlines(), 1):
        for char in line:
            if char == "{":
                if depth == 0 and before.rstrip().endswith(")"):
                    name = re.search(r"(\w+)\s*\(", before)
                    start = (name[1] if name else "?", number)
                depth += 1
            elif char == "}":
                depth -= 1
                if depth == 0 and start:
                    found.append(Function(*start, number - start[1] + 1))
                    start = None
                before = "" if depth == 0 else before
            elif depth == 0:
                before = "" if char == ";" else before + char
        before += "\n" if depth == 0 else ""
    return found


def python_functions(text):
    """Return the Functions of a Python module, methods included."""
    return [Function(node.name, node.lineno, node.end_lineno - node.lineno + 1)
            for node in ast.walk(ast.parse(text))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def undocumented(text):
    """Return the names of public classes and functions without a docstring.

    What unittest calls by name needs none.
    """
    usual = ("setUp", "tearDown", "setUpClass", "tearDownClass", "setUpModule",
             "tearDownModule")
    tree = ast.parse(text)
    found = [] if ast.get_docstring(tree) else ["the module"]
    inner = [tree] + [n for n in tree.body if isinstance(n, ast.ClassDef)]
    for parent in inner:
        for node in parent.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) \
                    and not node.name.startswith("_") and node.name not in usual \
                    and not ast.get_docstring(node):
                found.append(node.name)
    return found
