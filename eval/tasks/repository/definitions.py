"""The definitions of a repository that a function's body uses, as far as names tell.

A name is followed through imports to the file that defines it, ``self.x`` through the class and its bases, and any
other attribute to the one definition of that name, if there is only one and it is none of another package's or of
files', texts' and containers'. What is assigned in ``__init__`` leads there.
"""

from __future__ import annotations

import ast
import builtins
import io
import re
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from eval.cases import Span
from eval.tasks.python_source import FunctionNode, first_line, parameters_of, parse_python

from .records import Function

MAX_USES = 12
_MAX_LINES = 40  # a larger class is shown up to the end of its constructor, or this far
_MIN_NAME_CHARS = 4  # `get` and `add` mean too much to be resolved by the name alone
_COMMON_KINDS = (str, bytes, list, dict, set, tuple, int, float, object, io.TextIOWrapper, io.BytesIO, io.StringIO)
_COMMON_NAMES = frozenset(name for kind in (*_COMMON_KINDS, re.Pattern, re.Match, Path) for name in dir(kind))
_NOT_GUESSED = _COMMON_NAMES | frozenset(dir(builtins))
# Names as (file, dotted name): what is used, before it is known where it stands in the tree.
Use = tuple[str, str]


@dataclass(slots=True)
class _Module:
    """What a file defines and imports on its top level. ``imports``: local name -> (module, name or empty)."""

    definitions: dict[str, ast.stmt] = field(default_factory=dict)  # dotted name -> statement
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)


class Definitions:
    """The definitions of the Python files among ``texts``, to be looked up by name."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._modules: dict[str, _Module] = {}
        self._by_module: dict[str, str] = {}
        self._by_last_name: dict[str, list[Use]] = defaultdict(list)
        for path in sorted(texts):
            tree = parse_python(texts[path]) if path.endswith(".py") else None
            if tree is None:
                continue
            self._modules[path] = module = _read_module(tree, path)
            for name in _module_names(path):
                self._by_module.setdefault(name, path)
            for name in module.definitions:
                self._by_last_name[name.rpartition(".")[2]].append((path, name))

    def span_of(self, use: Use) -> Span | None:
        """The lines of a definition; of a large class those up to the end of its constructor."""
        path, name = use
        module = self._modules.get(path)
        statement = module.definitions.get(name) if module is not None else None
        if statement is None:
            return None
        start, end = first_line(statement), statement.end_lineno or statement.lineno
        if isinstance(statement, ast.ClassDef) and end - start >= _MAX_LINES:
            inits = [s for s in statement.body if isinstance(s, ast.FunctionDef) and s.name == "__init__"]
            end = min(end, max(start + _MAX_LINES - 1, 0))
            if inits and inits[0].end_lineno is not None and inits[0].end_lineno < start + 2 * _MAX_LINES:
                end = inits[0].end_lineno
        return Span(path, start, end)

    def used_by(self, function: Function, shown: Container[int] = ()) -> list[Use]:
        """What the function's body uses, in order of first use, at most ``MAX_USES``.

        ``shown`` are lines of the function's file that are known anyway: what they define whole is left out.
        """
        module = self._modules.get(function.path)
        node = module.definitions.get(function.name) if module is not None else None
        if module is None or not isinstance(node, FunctionNode):
            return []
        found: dict[Use, None] = {}
        for use in self._uses(function, node):
            if use != (function.path, function.name) and use not in found and not self._lies_in(use, function, shown):
                found[use] = None
        # A method of a class says more than the class around it: both are kept, in the order of the body.
        return list(found)[:MAX_USES]

    def _lies_in(self, use: Use, function: Function, shown: Container[int]) -> bool:
        span = self.span_of(use) if use[0] == function.path else None
        return span is not None and all(line in shown for line in range(span.start_line, span.end_line + 1))

    def _uses(self, function: Function, node: FunctionNode) -> Iterator[Use]:
        local = _local_names(node)
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        walked = (part for statement in body for part in ast.walk(statement))
        parts = [part for part in walked if isinstance(part, ast.Name | ast.Attribute)]
        for part in sorted(parts, key=lambda part: (part.lineno, part.col_offset, part.end_col_offset or 0)):
            if isinstance(part, ast.Name):
                if isinstance(part.ctx, ast.Load) and part.id not in local:
                    yield from self._look_up(function.path, part.id)
            elif isinstance(part.value, ast.Name) and part.value.id in ("self", "cls") and function.owner:
                yield from self._member(function.path, function.owner, part.attr)
            else:
                yield from self._attribute(function.path, part, local)

    def _attribute(self, path: str, part: ast.Attribute, local: set[str]) -> Iterator[Use]:
        """``module.name`` by the import; else the one definition of that name in the repository."""
        if isinstance(part.value, ast.Name) and part.value.id not in local:
            module = self._modules[path]
            target = module.imports.get(part.value.id)
            if target is not None:
                file = self._file_of(f"{target[0]}.{target[1]}" if target[1] else target[0])
                if file is not None:
                    yield from self._look_up(file, part.attr)
                    return
            owner = next(self._look_up(path, part.value.id), None)
            if owner is not None:
                yield from self._member(*owner, part.attr)
                return
        if self._is_foreign(path, part.value, local):
            return
        if len(part.attr) >= _MIN_NAME_CHARS and part.attr not in _NOT_GUESSED:
            candidates = self._by_last_name.get(part.attr, [])
            if len(candidates) == 1:
                yield candidates[0]

    def _is_foreign(self, path: str, receiver: ast.expr, local: set[str]) -> bool:
        """Whether it is of another package, by the name that it begins with: ``os.path``, ``sys.stdin``."""
        while isinstance(receiver, ast.Attribute):
            receiver = receiver.value
        if not isinstance(receiver, ast.Name) or receiver.id in local:
            return False
        target = self._modules[path].imports.get(receiver.id)
        return target is not None and all(self._file_of(name) is None for name in (target[0], ".".join(target)))

    def _look_up(self, path: str, name: str, depth: int = 0) -> Iterator[Use]:
        """The definition that a bare name of a file means."""
        module = self._modules.get(path)
        if module is None or depth > 5:
            return
        if name in module.definitions:
            yield path, name
        elif name in module.imports:
            source, original = module.imports[name]
            file = self._file_of(source)
            if file is not None and original:
                yield from self._look_up(file, original, depth + 1)
        else:
            for star in module.stars:
                file = self._file_of(star)
                if file is not None:
                    yield from self._look_up(file, name, depth + 1)

    def _member(self, path: str, owner: str, name: str, depth: int = 0) -> Iterator[Use]:
        """A member of a class or of its bases; what is only assigned by a constructor leads to the constructor."""
        module = self._modules.get(path)
        node = module.definitions.get(owner) if module is not None else None
        if module is None or not isinstance(node, ast.ClassDef) or depth > 5:
            return
        if f"{owner}.{name}" in module.definitions:
            yield path, f"{owner}.{name}"
            return
        constructor = module.definitions.get(f"{owner}.__init__")
        if constructor is not None and _assigns(constructor, name):
            yield path, f"{owner}.__init__"
            return
        for base in node.bases:
            base_name = base.value if isinstance(base, ast.Subscript) else base
            if isinstance(base_name, ast.Name):
                for use in self._look_up(path, base_name.id):
                    yield from self._member(*use, name, depth + 1)

    def _file_of(self, module: str) -> str | None:
        return self._by_module.get(module)


def _read_module(tree: ast.Module, path: str) -> _Module:
    module = _Module()
    pending: list[tuple[str, Sequence[ast.stmt]]] = [("", tree.body)]
    while pending:
        scope, statements = pending.pop()
        for statement in statements:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                module.definitions.setdefault(scope + statement.name, statement)
                if isinstance(statement, ast.ClassDef):
                    pending.append((f"{scope}{statement.name}.", statement.body))
            elif isinstance(statement, ast.Assign | ast.AnnAssign):
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        module.definitions.setdefault(scope + target.id, statement)
            elif isinstance(statement, ast.If | ast.Try):
                handlers = [handler.body for handler in getattr(statement, "handlers", [])]
                for block in (statement.body, statement.orelse, *handlers):
                    pending.append((scope, block))
            elif isinstance(statement, ast.Import | ast.ImportFrom):
                _read_import(statement, path, module)
    for inner in ast.walk(tree):  # imports within functions count where the top level has none of that name
        if isinstance(inner, ast.Import | ast.ImportFrom):
            _read_import(inner, path, module)
    return module


def _read_import(statement: ast.Import | ast.ImportFrom, path: str, module: _Module) -> None:
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if alias.asname is not None:
                module.imports.setdefault(alias.asname, (alias.name, ""))
            else:
                top = alias.name.partition(".")[0]
                module.imports.setdefault(top, (top, ""))
        return
    source = statement.module or ""
    if statement.level:
        package = PurePosixPath(path).parent.parts
        package = package[: len(package) - (statement.level - 1)]
        source = ".".join([*package, *([source] if source else [])])
    for alias in statement.names:
        if alias.name == "*":
            module.stars.append(source)
        else:
            module.imports.setdefault(alias.asname or alias.name, (source, alias.name))


def _module_names(path: str) -> list[str]:
    """Every dotted name that a file may be imported by: ``src/a/b.py`` is ``src.a.b``, ``a.b``."""
    parts = PurePosixPath(path).with_suffix("").parts
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return [".".join(parts[start:]) for start in range(min(len(parts), 3))]


def _local_names(node: FunctionNode) -> set[str]:
    """Parameters and what the function assigns."""
    names = {each.arg for each in parameters_of(node.args)}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            names.add(inner.id)
    return names


def _assigns(constructor: ast.stmt, name: str) -> bool:
    return any(
        isinstance(inner, ast.Attribute)
        and inner.attr == name
        and isinstance(inner.ctx, ast.Store)
        and isinstance(inner.value, ast.Name)
        and inner.value.id == "self"
        for inner in ast.walk(constructor)
    )
