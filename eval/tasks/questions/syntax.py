"""A repository's Python files as one table: what is defined where, how often each name occurs, and who calls whom.

Names are resolved as far as they are certain and no further: what could mean two things is marked, so that
``harvest`` can leave it out. Files that do not parse are passed over.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from eval.tasks.python_source import SET_UP_FILES, FunctionNode, is_in_other_folder, parameters_of, parse_python


@dataclass(frozen=True, slots=True)
class Definition:
    """A function or class. ``name`` is dotted through its classes; ``is_local``: defined inside a function."""

    path: str
    name: str
    node: FunctionNode | ast.ClassDef
    is_local: bool

    @property
    def last_name(self) -> str:
        """The name as it is defined, without the classes around it."""
        return self.name.rpartition(".")[2]

    @property
    def owner(self) -> str:
        """The class that a method belongs to, or an empty string."""
        return self.name.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A name that gets a value in a module or a class. ``annotation`` is None for a plain assignment."""

    path: str
    name: str
    value: ast.expr
    annotation: ast.expr | None
    start_line: int
    end_line: int
    in_class: bool


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a name is read.

    ``caller`` is the function around it (None in module and class bodies and in nested functions, where "the
    function that calls it" is ambiguous); ``base`` is what stands before the dot, ``owner`` the class around it.
    """

    path: str
    caller: str | None
    owner: str
    base: str | None
    is_call: bool
    start_line: int
    end_line: int


@dataclass(slots=True)
class Codebase:
    """All Python files of a repository. Counts are over all of them, tests too: those are indexed as well."""

    n_files: int = 0
    definitions: list[Definition] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    name_counts: Counter[str] = field(default_factory=Counter)  # dotted names that are defined or assigned
    last_name_counts: Counter[str] = field(default_factory=Counter)
    uses: dict[str, list[Use]] = field(default_factory=lambda: defaultdict(list))
    rebound: set[str] = field(default_factory=set)  # names that also mean something else somewhere
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)  # (path, local name) -> imported name

    def is_unique(self, name: str) -> bool:
        """Whether a dotted name means one thing in the repository. A bare one may not be a member's name either."""
        return self.name_counts[name] == 1 and ("." in name or self.last_name_counts[name] == 1)


def read_codebase(files: Iterable[tuple[str, str]]) -> Codebase:
    """Parse ``(path, text)`` of every Python file, in order of path."""
    codebase = Codebase()
    for path, text in sorted(files):
        tree = parse_python(text)
        if tree is not None:
            codebase.n_files += 1
            _Reader(codebase, path).visit(tree)
    return codebase


def is_own_source(path: str) -> bool:
    """Whether questions may be asked about a file: no tests, examples, documentation or vendored code."""
    pure = PurePosixPath(path)
    is_set_up = pure.name in SET_UP_FILES or pure.name == "__main__.py"
    is_test = pure.name.startswith("test_") or pure.stem.endswith("_test")
    return not (is_set_up or is_test or is_in_other_folder(path))


def module_name(path: str) -> str:
    """The last part of the name that a file is imported by."""
    pure = PurePosixPath(path)
    return pure.parent.name if pure.stem == "__init__" else pure.stem


@dataclass(frozen=True, slots=True)
class _Scope:
    kind: str  # "class" or "function"
    name: str


class _Reader(ast.NodeVisitor):
    """Walks one file and fills the codebase."""

    def __init__(self, codebase: Codebase, path: str) -> None:
        self._codebase, self._path = codebase, path
        self._scopes: list[_Scope] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._define_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._define_function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._define(node)
        # Decorators and bases are evaluated outside of the class.
        self._visit_all([*node.decorator_list, *node.bases, *node.keywords])
        self._visit_inside(_Scope("class", node.name), node.body)

    def _define_function(self, node: FunctionNode) -> None:
        self._define(node)
        # Decorators, defaults and annotations are evaluated where the function is defined, not by the function.
        outside: list[ast.AST] = [*node.decorator_list, *node.args.defaults]
        outside += [default for default in node.args.kw_defaults if default is not None]
        arguments = parameters_of(node.args)
        outside += [argument.annotation for argument in arguments if argument.annotation is not None]
        outside += [node.returns] if node.returns is not None else []
        self._visit_all(outside)
        self._codebase.rebound.update(argument.arg for argument in arguments)
        self._visit_inside(_Scope("function", node.name), node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._codebase.rebound.update(argument.arg for argument in parameters_of(node.args))
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._assign(target.id, node.value, None, node)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if isinstance(node.target, ast.Name) and node.value is not None:
            self._assign(node.target.id, node.value, node.annotation, node)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._assign(node.target.id, node.value, None, node)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        self._codebase.rebound.update(node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.asname is not None and alias.asname != alias.name:
                self._codebase.aliases[self._path, alias.asname] = alias.name
                self._codebase.rebound.add(alias.name)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._use(node.id, None, node, is_call=False)
        elif self._in_function():
            self._codebase.rebound.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._use(node.attr, _base_name(node), node, is_call=False)
        self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name):
            self._use(node.func.id, None, node, is_call=True)
        elif isinstance(node.func, ast.Attribute):
            self._use(node.func.attr, _base_name(node.func), node, is_call=True)
            self.visit(node.func.value)
        else:
            self.visit(node.func)
        self._visit_all([*node.args, *node.keywords])

    def _define(self, node: FunctionNode | ast.ClassDef) -> None:
        name = self._dotted(node.name)
        self._codebase.definitions.append(Definition(self._path, name, node, self._in_function()))
        self._count(name)

    def _assign(self, last_name: str, value: ast.expr, annotation: ast.expr | None, node: ast.stmt) -> None:
        if self._in_function():
            return
        name = self._dotted(last_name)
        in_class = bool(self._scopes)
        end_line = node.end_lineno or node.lineno
        self._codebase.assignments.append(
            Assignment(self._path, name, value, annotation, node.lineno, end_line, in_class)
        )
        self._count(name)

    def _count(self, name: str) -> None:
        self._codebase.name_counts[name] += 1
        self._codebase.last_name_counts[name.rpartition(".")[2]] += 1

    def _use(self, name: str, base: str | None, node: ast.expr, *, is_call: bool) -> None:
        functions = [scope for scope in self._scopes if scope.kind == "function"]
        is_plain = len(functions) == 1 and self._scopes[-1].kind == "function"
        owner = ".".join(scope.name for scope in self._scopes if scope.kind == "class")
        caller = self._dotted("")[:-1] if is_plain else None
        end_line = node.end_lineno or node.lineno
        self._codebase.uses[name].append(Use(self._path, caller, owner, base, is_call, node.lineno, end_line))

    def _dotted(self, name: str) -> str:
        return ".".join([*(scope.name for scope in self._scopes), name])

    def _in_function(self) -> bool:
        return any(scope.kind == "function" for scope in self._scopes)

    def _visit_inside(self, scope: _Scope, body: Sequence[ast.stmt]) -> None:
        self._scopes.append(scope)
        self._visit_all(body)
        self._scopes.pop()

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)


def _base_name(node: ast.Attribute) -> str:
    """What stands before the dot, if it is a plain name; else ``?``."""
    return node.value.id if isinstance(node.value, ast.Name) else "?"
