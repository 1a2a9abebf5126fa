"""Questions with checkable answers of five kinds, made from the syntax trees of a repository's Python files.

Only what is unambiguous becomes a question: the name means one thing in the repository, the answer is one, and the
question does not give it away. Questions about any language are in ``kinds``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from eval.tasks.python_source import FunctionNode

from .literals import MAX_LITERAL_CHARS
from .records import Form, Kind, Question, identify
from .syntax import Assignment, Codebase, Definition, Use, is_own_source, module_name
from .words import gives_away

_CONSTANT_NAME = re.compile(r"^_?[A-Z][A-Z0-9_]{2,}$")
_FIXED_DECORATORS = frozenset(("staticmethod", "classmethod"))  # other decorators may call or wrap what they decorate


def find_questions(codebase: Codebase) -> Iterator[Question]:
    """Every unambiguous question, in the order of the files, neither balanced nor capped."""
    for definition in codebase.definitions:
        if definition.is_local or not is_own_source(definition.path) or not codebase.is_unique(definition.name):
            continue
        if isinstance(definition.node, ast.ClassDef):
            yield from _ask_base(definition, definition.node, codebase)
        else:
            yield from _ask_defaults(definition, definition.node)
            yield from _ask_raises(definition, definition.node, codebase)
            yield from _ask_caller(definition, definition.node, codebase)
    for assignment in codebase.assignments:
        if is_own_source(assignment.path) and codebase.is_unique(assignment.name):
            yield from _ask_value(assignment, codebase)


def _ask_defaults(definition: Definition, node: FunctionNode) -> Iterator[Question]:
    if _is_private(definition.name):
        return
    positional = [*node.args.posonlyargs, *node.args.args]
    n_required = len(positional) - len(node.args.defaults)
    pairs: list[tuple[ast.arg, ast.expr | None]] = [
        *zip(positional[n_required:], node.args.defaults, strict=True),
        *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        answer = _literal_source(default)
        if default is not None and answer is not None and not argument.arg.startswith("_"):
            text = f"What is the default value of the parameter `{argument.arg}` of `{definition.name}`?"
            lines = (default.lineno, default.end_lineno or default.lineno)
            yield from _make("default", text, answer, definition, lines, detail=argument.arg)


def _ask_value(assignment: Assignment, codebase: Codebase) -> Iterator[Question]:
    """A constant's value, or the default of an annotated field of a class."""
    answer = _literal_source(assignment.value)
    owner, _, last_name = assignment.name.rpartition(".")
    if answer is None:
        return
    lines = (assignment.start_line, assignment.end_line)
    if _CONSTANT_NAME.match(last_name):
        if last_name in codebase.rebound:
            return
        text = f"What is the value of the constant `{assignment.name}`?"
        yield from _make("constant", text, answer, assignment, lines)
    elif assignment.in_class and assignment.annotation is not None and not _is_private(assignment.name):
        if "ClassVar" in ast.unparse(assignment.annotation) or not codebase.is_unique(owner):
            return
        text = f"What is the default value of the field `{last_name}` of the class `{owner}`?"
        yield from _make("default", text, answer, assignment, lines, detail=last_name)


def _ask_raises(definition: Definition, node: FunctionNode, codebase: Codebase) -> Iterator[Question]:
    if _is_private(definition.name):
        return
    raised = list(_raise_statements(node))
    names = {_exception_name(statement.exc) for statement in raised}
    name = names.pop() if len(names) == 1 else None
    # NotImplementedError marks what subclasses fill in: nobody asks for it.
    if name is None or name == "NotImplementedError":
        return
    original = codebase.aliases.get((definition.path, name))
    text = f"Which exception does `{definition.name}` raise?"
    lines = (raised[0].lineno, raised[0].end_lineno or raised[0].lineno)
    yield from _make("raises", text, name, definition, lines, accepted=(original,) if original else ())


def _ask_base(definition: Definition, node: ast.ClassDef, codebase: Codebase) -> Iterator[Question]:
    if _is_private(definition.name) or len(node.bases) != 1:
        return
    name = _dotted_name(node.bases[0])
    if name is None or name == "object":
        return
    original = codebase.aliases.get((definition.path, name))
    text = f"Which class does `{definition.name}` inherit from?"
    lines = (node.lineno, node.bases[0].end_lineno or node.lineno)
    yield from _make("base", text, name, definition, lines, accepted=(original,) if original else ())


def _ask_caller(definition: Definition, node: FunctionNode, codebase: Codebase) -> Iterator[Question]:
    name = definition.last_name
    decorators = {_dotted_name(decorator) for decorator in node.decorator_list}
    if name.startswith("__") or not decorators <= _FIXED_DECORATORS:
        return
    if codebase.last_name_counts[name] != 1 or name in codebase.rebound:
        return
    uses = codebase.uses.get(name, [])
    callers = {use.caller if _is_call_of(definition, use) else None for use in uses}
    caller = callers.pop() if len(callers) == 1 else None
    if caller is None or not codebase.is_unique(caller) or not is_own_source(uses[0].path):
        return
    if caller.rpartition(".")[2].startswith("__"):
        return
    text = f"Which function or method calls `{definition.name}`?"
    lines = (uses[0].start_line, uses[0].end_line)
    yield from _make("caller", text, caller, definition, lines, path=uses[0].path)


def _is_call_of(definition: Definition, use: Use) -> bool:
    """Whether a use is certainly a call of this definition, and not of some other object's method of the name."""
    if not use.is_call:
        return False
    if definition.owner:
        return use.base in ("self", "cls", definition.owner) and use.owner == definition.owner
    return use.base is None or use.base == module_name(definition.path)


def _make(
    kind: Kind,
    text: str,
    answer: str,
    about: Definition | Assignment,
    lines: tuple[int, int],
    *,
    accepted: tuple[str, ...] = (),
    detail: str = "",
    path: str | None = None,
) -> Iterator[Question]:
    """The question, or nothing if its own words give the answer away."""
    if any(gives_away(name, answer) for name in (about.name, detail)):
        return
    place = path or about.path
    identity = identify(kind, place, text)
    form: Form = "value" if kind in ("default", "constant") else "name"
    yield Question(
        identity, kind, text, answer, accepted, place, lines[0], lines[1], about.name, detail, "python", form
    )


def _literal_source(node: ast.expr | None) -> str | None:
    """A literal of modest length as source, or None for anything else."""
    if node is None:
        return None
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    source = ast.unparse(node)
    # Ellipsis is a gap, not a value; backticks and line ends could not be told from the form of the answer.
    if value is ... or len(source) > MAX_LITERAL_CHARS or "`" in source or "\\" in source:
        return None
    return source


def _raise_statements(node: FunctionNode) -> Iterator[ast.Raise]:
    """The ``raise`` statements of a function itself, without those of functions and classes inside it."""
    pending: list[ast.AST] = list(reversed(node.body))
    while pending:
        current = pending.pop()
        if isinstance(current, ast.Raise):
            yield current
        if not isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            pending.extend(reversed(list(ast.iter_child_nodes(current))))


def _exception_name(node: ast.expr | None) -> str | None:
    """The type that a ``raise`` names; None for a bare ``raise``, a variable or a factory."""
    name = _dotted_name(node.func if isinstance(node, ast.Call) else node)
    return name if name is not None and name.rpartition(".")[2][:1].isupper() else None


def _dotted_name(node: ast.expr | None) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = _dotted_name(node.value)
        return f"{base}.{node.attr}" if base is not None else None
    return None


def _is_private(name: str) -> bool:
    """Names that a user of the code does not ask about; a constructor is asked about."""
    return any(part.startswith("_") and part != "__init__" for part in name.split("."))
