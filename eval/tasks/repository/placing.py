"""Puts code into a file in place of a function's body, and takes bodies out."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Collection, Iterable, Sequence

from eval.cases import Verdict
from eval.tasks.python_source import FunctionNode, first_line, parameters_of, parse_python, split_lines, walk_functions

from .records import Function

STUB = "..."


class MisfitError(Exception):
    """An answer's code does not hold the function that was asked for. Says why, in one line."""

    verdict: Verdict = "wrong"


class BlankAnswerError(MisfitError):
    """An answer repeats the function's head and writes nothing below it."""

    verdict: Verdict = "unanswered"


def cut_bodies(text: str, functions: Iterable[Function]) -> str:
    """The file with ``...`` in place of the functions' bodies. Signatures, decorators and docstrings stay."""
    lines = split_lines(text)
    for function in sorted(functions, key=lambda f: f.start_line, reverse=True):
        lines[function.body_start_line - 1 : function.end_line] = [f"{_body_indent(lines, function)}{STUB}\n"]
    return "".join(lines)


def cut_functions(text: str, functions: Iterable[Function]) -> str:
    """The file without the functions, signatures and docstrings included.

    Where the rest would be no Python, as of a class that has nothing else, ``...`` stands for each.
    """
    lines, marked = split_lines(text), split_lines(text)
    for function in sorted(functions, key=lambda f: f.start_line, reverse=True):
        head = lines[function.start_line - 1]
        indent = head[: len(head) - len(head.lstrip())]
        lines[function.start_line - 1 : function.end_line] = []
        marked[function.start_line - 1 : function.end_line] = [f"{indent}{STUB}\n"]
    cut = "".join(lines)
    if parse_python(cut) is None and parse_python(text) is not None:
        return "".join(marked)
    return cut


def cut_body(text: str, function: Function) -> str:
    """The file with ``...`` in place of the function's body. Signature, decorators and docstring stay."""
    return cut_bodies(text, [function])


def body_of(text: str, function: Function) -> str:
    """The original body, as it stands in the file."""
    return "".join(split_lines(text)[function.body_start_line - 1 : function.end_line])


def place_answer(text: str, function: Function, code: str) -> str:
    """The file with the function as ``code`` defines it: its body under the original's signature, helpers beside it.

    ``code`` is the whole function, alone or in its class, or its bare body. Imports that it brings and the file lacks
    go into the body, where they neither come too late for a module that calls the function while it is imported nor
    run in a circle; helpers that the file does not have go to its end, with what they need. Docstring and decorators
    are dropped. Raises MisfitError, and BlankAnswerError of a body that is only ``...`` or ``pass``.
    """
    node, tree, source = _find(code, function)
    statements = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if all(_does_nothing(statement) for statement in statements):
        raise BlankAnswerError(f"the answer leaves the body of `{function.last_name}` blank")
    lines = split_lines(text)
    indent = _body_indent(lines, function)
    body = _reindented(source, node, statements, indent)
    imports = _imports_for(node, tree, text) if tree is not None else {}
    lines[function.body_start_line - 1 : function.end_line] = [*(f"{indent}{line}\n" for line in imports), *body]
    extra = _beside(tree, source, node, _bound_names(text), imports.values()) if tree is not None else []
    if extra and lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join([*lines, *(f"\n{part}\n" for part in extra)])


def _does_nothing(statement: ast.stmt) -> bool:
    """Whether it is ``pass``, ``...`` or a string that stands alone."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _body_indent(lines: Sequence[str], function: Function) -> str:
    """The white space that the function's statements begin with."""
    for line in lines[function.body_start_line - 1 : function.end_line]:
        if line.strip() and not line.lstrip().startswith("#"):
            return line[: len(line) - len(line.lstrip())]
    head = lines[function.def_line - 1]
    return head[: len(head) - len(head.lstrip())] + "    "


def _find(code: str, function: Function) -> tuple[FunctionNode, ast.Module | None, str]:
    """The answer's definition of the function, the tree that it stands in (None for a bare body), and its source."""
    untabbed = "".join(_indented_by_spaces(line) for line in split_lines(code))
    source = textwrap.dedent(untabbed).strip("\n") + "\n"
    tree = parse_python(source)
    if tree is not None:
        definitions = list(walk_functions(tree))
        named = [(name, node) for name, node in definitions if name.rpartition(".")[2] == function.last_name]
        if named:
            # A method shown in its class is meant before a helper of the same name; of several the last, as in Python.
            best = min(named, key=lambda pair: (pair[0] != function.name, -pair[1].lineno))
            return best[1], tree, source
        if definitions and not _is_bare_body(tree):
            others = ", ".join(f"`{name}`" for name, _ in definitions[:3])
            raise MisfitError(f"the answer defines {others}, not `{function.last_name}`")
    # As the body of a function: with `return` in it, or the first line at another depth than the rest.
    wrapped = f"async def {function.last_name}():\n{textwrap.indent(source, '    ')}"
    alone = parse_python(wrapped)
    if alone is None:
        raise MisfitError(f"the answer does not parse as Python{_where(source)}")
    node = next(node for _, node in walk_functions(alone))
    if all(isinstance(statement, ast.Import | ast.ImportFrom | ast.ClassDef) for statement in node.body):
        raise MisfitError(f"the answer does not define `{function.last_name}`")
    return node, None, wrapped


def _indented_by_spaces(line: str) -> str:
    rest = line.lstrip()
    return line[: len(line) - len(rest)].expandtabs(4) + rest


def _is_bare_body(tree: ast.Module) -> bool:
    """Whether statements are those of a function that defines helpers within: they return on their own level."""
    return any(isinstance(statement, ast.Return) for statement in tree.body)


def _where(source: str) -> str:
    try:
        ast.parse(source)
    except SyntaxError as error:
        return f": line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError):
        pass
    return ""


def _reindented(source: str, node: FunctionNode, statements: Sequence[ast.stmt], indent: str) -> list[str]:
    """The statements' lines, moved to ``indent``. Lines within a string stay as they are."""
    lines = split_lines(source)
    first = first_line(statements[0])
    last = node.end_lineno or first
    if lines[first - 1][: statements[0].col_offset].strip():  # `def f(x): return x`, the signature on any lines
        joined = "; ".join(ast.get_source_segment(source, statement) or "" for statement in statements)
        return [f"{indent}{joined}\n"]
    within: set[int] = set()
    for statement in statements:
        for inner in ast.walk(statement):
            is_text = isinstance(inner, ast.JoinedStr) or (
                isinstance(inner, ast.Constant) and isinstance(inner.value, str | bytes)
            )
            if is_text and isinstance(inner, ast.expr) and inner.end_lineno is not None:
                within.update(range(inner.lineno + 1, inner.end_lineno + 1))
    margin = len(lines[first - 1]) - len(lines[first - 1].lstrip())
    moved = []
    for number, line in enumerate(lines[first - 1 : last], first):
        if number in within or not line.strip():
            moved.append(line)
        else:
            depth = len(line) - len(line.lstrip())
            moved.append(indent + " " * max(0, depth - margin) + line.lstrip())
    if moved and not moved[-1].endswith("\n"):
        moved[-1] += "\n"
    return moved


def _bound_names(text: str) -> set[str]:
    """Names that a file binds on its top level."""
    tree = parse_python(text)
    names: set[str] = set()
    for statement in tree.body if tree is not None else []:
        names |= _names_of(statement)
        if isinstance(statement, ast.If | ast.Try):
            for inner in ast.walk(statement):
                names |= _names_of(inner)
    return names


def _names_of(statement: ast.AST) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
    if isinstance(statement, ast.Assign):
        return {name.id for target in statement.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return {statement.target.id}
    return set()


def _imports_for(node: FunctionNode, tree: ast.Module, text: str) -> dict[str, str]:
    """The answer's imports that its function uses and the file does not have, with the name that each binds.

    The file has another one where it has `from datetime import datetime` and the answer `import datetime`. Where it
    binds the name in any other way, its own is taken.
    """
    bound, of_file = _bound_names(text), _imported_names(parse_python(text))
    declared = {name for inner in ast.walk(node) if isinstance(inner, ast.Global) for name in inner.names}
    needed = _used_names(node) - _parameters(node) - declared
    found: dict[str, str] = {}
    for statement in tree.body:
        for name, kind in _imported_names(ast.Module([statement], [])).items():
            is_lacking = name not in bound or of_file.get(name, kind) is not kind
            if name in needed and is_lacking:
                found[_needed_part(statement, "", {name})] = name
    return found


def _imported_names(tree: ast.Module | None) -> dict[str, type[ast.Import] | type[ast.ImportFrom]]:
    """The names that imports of the top level bind, with the kind of the import."""
    imports = [each for each in tree.body if isinstance(each, ast.Import | ast.ImportFrom)] if tree is not None else []
    return {name: type(each) for each in imports if not _is_future(each) for name in _names_of(each)}


def _is_future(statement: ast.stmt) -> bool:
    """Whether it is an import that is only allowed at the top of a file."""
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _beside(tree: ast.Module, source: str, node: FunctionNode, bound: set[str], imported: Collection[str]) -> list[str]:
    """What the function needs beside it: definitions of names that it uses and the file does not bind, with imports.

    ``imported`` are names that its body imports. What it does not need is left out: an example of use, an import of
    something that is not there.
    """
    statements = [
        statement
        for statement in tree.body
        if statement is not node
        and not (isinstance(statement, ast.ClassDef) and node in ast.walk(statement))
        and not _is_future(statement)
    ]
    needed, taken = _used_names(node) - _parameters(node) - set(imported), set[int]()
    while True:
        more = [
            number
            for number, statement in enumerate(statements)
            if number not in taken and (_names_of(statement) - bound) & needed
        ]
        if not more:
            break
        taken.update(more)
        for number in more:
            needed |= _used_names(statements[number])
    return [_needed_part(statements[number], source, needed - bound) for number in sorted(taken)]


def _parameters(node: FunctionNode) -> set[str]:
    return {argument.arg for argument in parameters_of(node.args)}


def _used_names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _needed_part(statement: ast.stmt, source: str, needed: set[str]) -> str:
    """The statement's source; of an import only the names that are needed."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        names = [alias for alias in statement.names if (alias.asname or alias.name.partition(".")[0]) in needed]
        if isinstance(statement, ast.Import):
            return ast.unparse(ast.Import(names))
        return ast.unparse(ast.ImportFrom(statement.module, names, statement.level))
    return "".join(split_lines(source)[first_line(statement) - 1 : statement.end_lineno]).rstrip()
