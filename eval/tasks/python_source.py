"""Other people's Python source: its tree, its lines, its functions, and which files are a repository's own code."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import PurePosixPath

from indexer.selection import VENDORED_FOLDERS

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

SET_UP_FILES = frozenset("conftest.py setup.py noxfile.py tasks.py fabfile.py".split())
_STRAY_RETURN = re.compile(r"\r(?!\n)")
_TEST_FOLDERS = frozenset("test tests testing _test _tests".split())
# Of tests, and of what users of a package do not mean when they ask about it, or that repeats the package's own names.
_OTHER_FOLDERS = (
    VENDORED_FOLDERS
    | _TEST_FOLDERS
    | frozenset(
        "doc docs example examples sample samples demo demos benchmark benchmarks bench tutorial tutorials build dist "
        "migrations".split()
    )
)


def parse_python(text: str) -> ast.Module | None:
    """The syntax tree of other people's source, without their warnings; None where this Python cannot read it.

    Nor one with a stray carriage return, which the parser takes for the end of a line, and ``split_lines`` does not.
    """
    if _STRAY_RETURN.search(text):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of invalid escapes
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def split_lines(text: str) -> list[str]:
    """The lines as Python's parser counts them: ``str.splitlines`` also breaks at form feeds. With their ends."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + lines[-1:] * bool(lines[-1])


def first_line(statement: ast.stmt) -> int:
    """The line that a statement begins on: that of its first decorator, where it has one."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def parameters_of(arguments: ast.arguments) -> list[ast.arg]:
    """All parameters of a function, those for the rest behind the others."""
    rest = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]


def walk_functions(tree: ast.Module) -> Iterator[tuple[str, FunctionNode]]:
    """Dotted name and node of each function in modules and classes, also under ``if`` and ``try``."""
    pending: list[tuple[str, ast.AST]] = [("", tree)]
    while pending:
        scope, node = pending.pop()
        inner: list[tuple[str, ast.AST]] = []
        for child in ast.iter_child_nodes(node):
            if isinstance(child, FunctionNode):
                yield scope + child.name, child
            elif isinstance(child, ast.ClassDef):
                inner.append((f"{scope}{child.name}.", child))
            elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
                inner.append((scope, child))
        pending.extend(reversed(inner))


def find_class(text: str, name: str) -> ast.ClassDef | None:
    """The class of that dotted name in a file."""
    tree = parse_python(text)
    found: ast.AST | None = tree
    for part in name.split("."):
        if found is None:
            return None
        found = next((node for node in ast.walk(found) if isinstance(node, ast.ClassDef) and node.name == part), None)
    return found if isinstance(found, ast.ClassDef) else None


def is_test_file(path: str) -> bool:
    """Whether a file belongs to the tests, by its name or folder."""
    pure = PurePosixPath(path)
    return (
        any(part.lower() in _TEST_FOLDERS for part in pure.parts[:-1])
        or pure.name == "conftest.py"
        or bool(re.match(r"(test_.*|.*_test|tests?)\.\w+$", pure.name))
    )


def is_own_code(path: str) -> bool:
    """Whether functions of a file may be asked for: no tests, documentation, examples, builds or vendored code."""
    return not (is_test_file(path) or PurePosixPath(path).name in SET_UP_FILES or is_in_other_folder(path))


def is_in_other_folder(path: str) -> bool:
    """Whether a file lies below a folder of tests, documentation, examples, builds or vendored code."""
    return any(part.lower() in _OTHER_FOLDERS for part in PurePosixPath(path).parts[:-1])
