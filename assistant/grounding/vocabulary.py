"""Whether a name exists: in the repository's code, in its languages and their standard libraries, or among its imports.

Names are compared as they are spelled, not by type: `Client.fetch` exists where both `Client` and a `fetch` do.
"""

from __future__ import annotations

import builtins
import importlib.util
import inspect
import io
import re
import sys
import sysconfig
import tomllib
import types
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from weakref import WeakKeyDictionary

import numpy as np

from indexer.home import OpenedIndex
from indexer.manifest import Manifest
from indexer.words import index_terms

from .names import Mention, find_mentions, is_word_of, names_in

_MAX_LANGUAGES = 4  # of a repository, by number of files: the others are configuration and a stray script
_NO_CODE = frozenset(("json", "yaml", "toml", "markdown", "html", "css", "sql"))  # not what an answer's code is in
_MAX_CHUNKS_READ = 40  # in which a name is looked for, letter by letter
_FIRST_ROWS = 200

# Of the standard library: modules that do something when they are imported, or that are huge and seldom meant.
_NOT_IMPORTED = frozenset(
    "antigravity this idlelib tkinter turtle turtledemo test lib2to3 ensurepip pydoc_data __main__ __phello__ "
    "__hello__ venv distutils nt msvcrt winreg winsound _winapi".split()
)
_BUILTIN_TYPES = (
    *(str, bytes, bytearray, int, float, complex, bool, list, tuple, dict, set, frozenset, range, slice, object),
    *(type, property, BaseException, types.FunctionType, types.ModuleType, types.GeneratorType, types.CoroutineType),
    *(io.TextIOWrapper, io.BufferedReader, memoryview),
)


_MISSING = object()


class Vocabulary:
    """The names that exist for one answer: those of ``indexes``, and of ``said``, what the user wrote."""

    def __init__(self, indexes: Sequence[OpenedIndex], said: str) -> None:
        self._repositories = [_repository_of(index) for index in indexes]
        self._said = names_in(said)

    @cached_property
    def languages(self) -> Sequence[str]:
        """The main languages of all the repositories, the most frequent one first."""
        counts: Counter[str] = Counter()
        for repository in self._repositories:
            counts.update(repository.languages)
        return [language for language, _ in counts.most_common(_MAX_LANGUAGES)]

    def find_unknown(self, text: str) -> list[str]:
        """The names in an answer's text that exist nowhere, in order, each once."""
        main = self.languages[0] if self.languages else ""
        return [mention.text for mention in find_mentions(text, main) if not self._knows(mention)]

    def _knows(self, mention: Mention) -> bool:
        if mention.text in self._said:
            return True
        if mention.kind == "path":
            return any(repository.has_path(mention.text) for repository in self._repositories)
        if mention.kind == "option":
            return any(repository.holds(mention.text) for repository in self._repositories)
        *qualifier, name = mention.parts
        root = mention.parts[0]
        if qualifier and ("python" in self.languages and _resolve_python(mention.parts)):
            return True
        if qualifier and (self._is_foreign(root) or _is_std_module(root, self.languages)):
            # What a library outside holds cannot be looked up here, but for Python's own, which has been.
            return root not in sys.stdlib_module_names or "python" not in self.languages
        return self._exists(name) and all(
            self._exists(part) for part in qualifier if part[:1].isupper() or "_" in part.strip("_")
        )

    def _exists(self, name: str) -> bool:
        if name in self._said or any(is_word_of(language, name) for language in self.languages):
            return True
        if any(name in known_names(language) for language in self.languages):
            return True
        if any(repository.holds(name) for repository in self._repositories):
            return True
        return "python" in self.languages and any(
            name in module_names(module) for each in self._repositories for module in each.python_modules
        )

    def _is_foreign(self, name: str) -> bool:
        """Whether a name stands for something that a repository imports and does not define."""
        return any(repository.imports(name) for repository in self._repositories)


class _Repository:
    """What one opened index says of names; kept as long as the index is. Answers are remembered."""

    def __init__(self, index: OpenedIndex) -> None:
        self._manifest, self._lexicon = index.manifest, index.lexicon
        self.languages = _count_languages(index.manifest)
        self.holds = lru_cache(maxsize=20_000)(self._holds)
        self.imports = lru_cache(maxsize=5_000)(self._imports)

    @cached_property
    def _paths(self) -> frozenset[str]:
        """Every end of a path at a folder's boundary, and every folder, with and without the last suffix."""
        paths = [*(file.path for file in self._manifest.files), *(file.path for file in self._manifest.skipped)]
        ends = set()
        for path in paths:
            parts = path.split("/")
            for begin in range(len(parts)):
                ends.add("/".join(parts[begin:]))
                ends.add("/".join(parts[: begin + 1]))
            ends.update(parts)
            ends.add(parts[-1].split(".", 1)[0])
        return frozenset(ends)

    @cached_property
    def _whole_paths(self) -> frozenset[str]:
        return frozenset(file.path for file in self._manifest.files)

    def has_path(self, path: str) -> bool:
        """Whether a file's path is, or ends in, this one, or the code speaks of it."""
        wanted = path.removeprefix("./").strip("/")
        # An index of a subfolder has shorter paths than people write.
        beginnings = [index + 1 for index, char in enumerate(wanted) if char == "/"]
        return (
            wanted in self._paths
            or any(wanted[begin:] in self._whole_paths for begin in beginnings)
            or self.holds(wanted)
        )

    def _holds(self, name: str) -> bool:
        """Whether the name stands in the ref: as a definition, as a file's or folder's, or anywhere in the text."""
        if name in self._paths or self._is_defined(name):
            return True
        pattern = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")
        return any(pattern.search(text) for text in self._texts_with(name))

    def _imports(self, name: str) -> bool:
        """Whether a line of the ref imports this name from somewhere else."""
        if name in self._paths or self._is_defined(name):
            return False
        word = re.escape(name)
        pattern = re.compile(
            r"^[^\n]*(?:\b(?:import|from|use|using|require|include|alias|extern crate)\b|#include)[^\n]*"
            rf"(?<![\w$]){word}(?![\w$])|^\s*(?:\w+\s+)?\"(?:[^\"\s]*/)?{word}(?:/v\d+)?\"\s*$",
            re.M,
        )
        return any(pattern.search(text) for text in self._texts_with(name))

    @cached_property
    def python_modules(self) -> Sequence[str]:
        """The modules of Python's standard library that the ref imports."""
        if "python" not in self.languages:
            return ()
        return [name for name in sorted(sys.stdlib_module_names - _NOT_IMPORTED) if self._imports_module(name)]

    def _imports_module(self, name: str) -> bool:
        pattern = re.compile(rf"^\s*(?:import\s[^\n]*\b{name}\b|from\s+{name}\b)", re.M)
        return any(pattern.search(text) for text in self._texts_with(name, extra="import", limit=5))

    def _texts_with(self, name: str, *, extra: str = "", limit: int = _MAX_CHUNKS_READ) -> Iterator[str]:
        """Texts of chunks that hold the words of ``name``, the best by BM25 first."""
        terms = index_terms(name)
        if not terms:
            return
        wanted = [terms[-1]] if name.replace("_", "").isalnum() else list(dict.fromkeys(terms))
        rows, _ = self._lexicon.search([*wanted, *index_terms(extra)], "body", _FIRST_ROWS)
        here = rows[self._manifest.positions_of(rows) >= 0]
        if not len(here) and len(rows) == _FIRST_ROWS:  # all of other refs: look at every one
            rows = self._lexicon.postings(wanted[0], "body").rows
            here = rows[self._manifest.positions_of(rows) >= 0]
        for row in here[:limit].tolist():
            yield self._lexicon.get(row).text

    def _is_defined(self, name: str) -> bool:
        return bool(np.any(self._manifest.positions_of(self._lexicon.find(name, "defines", _FIRST_ROWS)) >= 0))


_repositories: WeakKeyDictionary[OpenedIndex, _Repository] = WeakKeyDictionary()


def _repository_of(index: OpenedIndex) -> _Repository:
    found = _repositories.get(index)
    if found is None:
        found = _repositories[index] = _Repository(index)
    return found


def _count_languages(manifest: Manifest) -> Counter[str]:
    counts = Counter(file.language for file in manifest.files if file.language and file.language not in _NO_CODE)
    return Counter(dict(counts.most_common(_MAX_LANGUAGES)))


@cache
def known_names(language: str) -> Collection[str]:
    """Names of a language's standard library that its lexer does not know."""
    if language == "python":
        return _python_builtins()
    listed = tomllib.loads(files("assistant.grounding").joinpath("known_names.toml").read_text("utf-8"))
    names: set[str] = set()
    for each in (language, *listed["same_as"].get(language, ())):
        names.update(listed["names"].get(each, "").split())
    return frozenset(names)


@cache
def _python_builtins() -> Collection[str]:
    names = {*dir(builtins), *sys.stdlib_module_names, "self", "cls", "args", "kwargs"}
    names.update(*(dir(each) for each in _BUILTIN_TYPES))
    return frozenset(names)


@lru_cache(maxsize=512)
def module_names(module: str) -> Collection[str]:
    """The public names of a module of Python's standard library, and of the classes in it."""
    found = _import(module)
    if found is None:
        return frozenset()
    names = {name for name in dir(found) if not name.startswith("__")}
    for name in list(names):
        member = getattr(found, name, None)
        if isinstance(member, type):
            names.update(attribute for attribute in dir(member) if not attribute.startswith("_"))
    return frozenset(names)


def _is_std_module(name: str, languages: Sequence[str]) -> bool:
    return "python" in languages and name in sys.stdlib_module_names


@lru_cache(maxsize=5_000)
def _resolve_python(parts: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the standard library: ``os.path.join``, ``datetime.now``."""
    found: object | None = (
        _import(parts[0]) if parts[0] in sys.stdlib_module_names else getattr(builtins, parts[0], None)
    )
    if found is None:
        return False
    starts = [found, getattr(found, parts[0], None)]  # the class of a module's own name is often meant: datetime.now
    return any(start is not None and _has(start, parts[1:]) for start in starts)


def _has(value: object, names: Sequence[str]) -> bool:
    """Whether ``value`` has the first of ``names``, that the second, and so on, as far as that is known unrun.

    Of what is neither module nor class only its kind is looked at: an attribute of it may be code that does things,
    as ``ctypes.cdll`` loads the library that it is asked for.
    """
    for name in names:
        if not isinstance(value, types.ModuleType | type):
            known = hasattr(type(value), "__getattr__") or inspect.getattr_static(value, name, _MISSING)
            return known is not _MISSING
        try:
            value = getattr(value, name)
        except AttributeError:
            found = _import(f"{value.__name__}.{name}") if isinstance(value, types.ModuleType) else None
            if found is None:
                return False
            value = found
    return True


def _import(module: str) -> types.ModuleType | None:
    """A module of the standard library; None where it is not of this platform, or does things when imported."""
    root, *parts = module.split(".")
    if root in _NOT_IMPORTED or root not in sys.stdlib_module_names or any(p.startswith("_") for p in (root, *parts)):
        return None
    if not _is_shipped(root):
        return None
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


@cache
def _is_shipped(root: str) -> bool:
    """Whether a module comes with Python, and is no file of the same name in a folder that is searched before."""
    try:
        spec = importlib.util.find_spec(root)
    except (ImportError, ValueError):
        return False
    if spec is None or spec.origin is None:
        return False
    folders = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    return spec.origin in ("built-in", "frozen") or spec.origin.startswith(tuple(f"{folder}/" for folder in folders))
