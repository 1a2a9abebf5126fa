"""The code that an answer means: the right fenced block, blocks that belong together, or code without a fence.

Deterministic, never raises, and linear in the text. Nothing is repaired: what was cut off is left to fail, but an
unfinished last definition or statement behind complete ones is dropped, since the answer just hit its limit.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from tree_sitter import Node

from indexer.definitions import find_definitions
from indexer.languages import get_language, parse

from .fences import Block, find_blocks
from .python_source import parse_python

MAX_CHARS = 60_000  # of an answer; thirty times what 512 tokens are. The rest of an endless one is not looked at
_MAX_CHARS_TO_TELL = 20_000  # of code, to tell its language

_NAME = re.compile(r"[^\W\d]\w*")
# What code without a tag is tried as: those that the tasks ask for.
_CANDIDATES = ("python", "javascript", "java", "go", "rust", "cpp", "html")
_STARTS_PYTHON = ("def ", "class ", "import ", "from ", "async def ", "@", "if __name__")
_CONTINUES_PYTHON = ("else:", "elif ", "except", "finally:", ")", "]", "}", '"""', "'''")
_STARTS_OTHER = ("#include", "import ", "use ", "package ", "<!doctype", "<html", "using ")
_ENDS_OTHER = ("}", ";", "</html>", "})")


def extract_code(text: str, language: str = "python", defines: str | None = None) -> str | None:
    """The code that an answer means, with a line break at its end, or None where there is none.

    Of several blocks it is the one that parses as ``language`` and defines ``defines`` (a function or class; the
    longest, so that a repeated signature does not win), else the longest of that language, else the longest. Earlier
    blocks of its language that define what it uses stand before it. Without a fence, code must parse as such.
    """
    text = _normalise(text)
    blocks = find_blocks(text)
    if not blocks:
        return _find_unfenced(text, language)
    chosen = _choose(blocks, language, defines)
    if chosen is None:
        return None
    return _finish("\n\n".join(_trim(block, language) for block in _with_needed(blocks, chosen, language)))


def answered_language(text: str) -> str | None:
    """The language of the code in an answer: of its longest block the tag, else what it parses best as; None: no code.

    Names are those of ``indexer.languages``. Code without a tag is told apart among the languages that tasks ask for.
    """
    text = _normalise(text)
    blocks = [block for block in find_blocks(text) if block.code.strip()]
    if blocks:
        longest = max(blocks, key=lambda block: len(block.code))
        return longest.language or _tell_language(longest.code)
    for language in _CANDIDATES:
        code = _find_code(text, language)
        if code is not None:
            return "python" if language == "python" else _tell_language(code)
    return None


def parses(code: str, language: str) -> bool:
    """Whether ``code`` is a file of ``language`` without a syntax error. Python by its own parser."""
    if language == "python":
        return _parse_python(code) is not None
    root = parse(code, language)
    return root is not None and not root.has_error


def defined_names(code: str, language: str) -> list[str]:
    """The dotted names that ``code`` defines outside its functions, also where it does not parse."""
    root = parse(code, language)
    return [name for _, name in find_definitions(root, get_language(language))] if root is not None else []


def _normalise(text: str) -> str:
    return text[:MAX_CHARS].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _choose(blocks: Sequence[Block], language: str, defines: str | None) -> int | None:
    """The number of the block that is meant: the longest of the first class that has any, the first among equals."""
    classes: dict[int, list[int]] = {}
    for number, block in enumerate(blocks):
        if not block.code.strip():
            continue
        of_language = block.language == language
        is_valid = parses(_trim(block, language), language)
        does_define = defines is not None and _defines(block.code, language, defines)
        if does_define and is_valid:
            rank = 0
        elif does_define and of_language:
            rank = 1
        elif of_language:
            rank = 2 if is_valid else 3
        else:
            rank = 4 if is_valid and not block.language else 5
        classes.setdefault(rank, []).append(number)
    if not classes:
        return None
    return max(classes[min(classes)], key=lambda number: (len(blocks[number].code.strip()), -number))


def _defines(code: str, language: str, wanted: str) -> bool:
    return wanted in code and any(
        name == wanted or name.endswith(f".{wanted}") for name in defined_names(code, language)
    )


def _with_needed(blocks: Sequence[Block], chosen: int, language: str) -> list[Block]:
    """The chosen block behind those earlier ones of its language that define what it, or one of them, uses."""
    kept = [blocks[chosen]]
    missing = _used(blocks[chosen].code) - _bound(blocks[chosen].code, language)
    for block in reversed(blocks[:chosen]):
        if block.language != blocks[chosen].language or not block.code.strip():
            continue
        bound = _bound(block.code, language)
        if bound & missing and parses(_trim(block, language), language):
            kept.insert(0, block)
            missing = (missing - bound) | (_used(block.code) - bound)
    return kept


def _used(code: str) -> set[str]:
    return set(_NAME.findall(code))


def _bound(code: str, language: str) -> set[str]:
    """The names that a block gives at its top level: definitions, and in Python imports and variables too."""
    names = {name.split(".", 1)[0] for name in defined_names(code, language)}
    tree = _parse_python(code) if language == "python" else None
    for statement in tree.body if tree is not None else ():
        if isinstance(statement, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).split(".", 1)[0] for alias in statement.names)
        elif isinstance(statement, ast.Assign):
            names.update(target.id for target in statement.targets if isinstance(target, ast.Name))
    return names


def _trim(block: Block, language: str) -> str:
    """The block's code; of one that was cut off, without what comes behind its last complete definition."""
    if block.is_closed or parses(block.code, language):
        return block.code
    lines = block.code.split("\n")
    if language == "python":
        complete = "\n".join(list(_pieces(lines))[:-1])
    else:  # a brace at the margin closes a definition
        last = next((number for number in range(len(lines) - 1, -1, -1) if lines[number].startswith("}")), -1)
        complete = "\n".join(lines[: last + 1])
    return complete if complete.strip() and parses(complete, language) else block.code


@lru_cache(maxsize=8)  # the same block is looked at several times
def _parse_python(code: str) -> ast.Module | None:
    return parse_python(code)


def _find_unfenced(text: str, language: str) -> str | None:
    """Code of ``language`` that stands in ``text`` without a fence, else of another language that tasks ask for."""
    others = [other for other in _CANDIDATES if other != language]
    for candidate in (language, *others):
        code = _find_code(text, candidate)
        if code is not None:
            return _finish(code)
    return None


def _find_code(text: str, language: str) -> str | None:
    if language == "python":
        return _find_python(text)
    lines = text.split("\n")
    starts = (number for number, line in enumerate(lines) if _looks_like_start(line))
    first = next(starts, None)
    if first is None:
        return None
    ends = (number for number in range(len(lines) - 1, first - 1, -1) if lines[number].strip().endswith(_ENDS_OTHER))
    last = next(ends, None)
    if last is None:
        return None
    code = "\n".join(lines[first : last + 1])
    if language == "html":
        return code if code.lstrip()[:9].lower().startswith(("<!doctype", "<html")) else None
    return code if defined_names(code, language) and parses(code, language) else None


def _looks_like_start(line: str) -> bool:
    return (
        line.lower().startswith(_STARTS_OTHER) or line.rstrip().endswith(("{", ";", "*/")) or line[:2] in ("//", "/*")
    )


def _find_python(text: str) -> str | None:
    tree = _parse_python(text)
    if tree is not None:
        return text if any(_is_code(statement) for statement in tree.body) else None
    kept: list[str] = []
    has_definition = False
    for piece in _pieces(text.split("\n")):
        starts = piece.startswith(_STARTS_PYTHON)
        tree = _parse_python(piece) if starts or has_definition else None
        if tree is None or not any(_is_code(statement) for statement in tree.body):
            continue
        if not has_definition and not starts:
            continue
        kept.append(piece.rstrip())
        has_definition = has_definition or "def " in piece or "class " in piece
    return "\n\n".join(kept) if has_definition else None


def _pieces(lines: Sequence[str]) -> Iterator[str]:
    """Top-level statements of Python, by indentation: a line at the margin with what is indented or continues it."""
    piece: list[str] = []
    for line in lines:
        is_inside = not line.strip() or line[0] in " \t" or line.startswith(_CONTINUES_PYTHON)
        if piece and not is_inside and not piece[-1].startswith("@"):
            yield "\n".join(piece)
            piece = []
        piece.append(line)
    yield "\n".join(piece)


def _is_code(statement: ast.stmt) -> bool:
    """Whether a statement is more than a word or two of prose, which parse as names, sums and annotations."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call | ast.Await)
    return not (isinstance(statement, ast.AnnAssign) and statement.value is None)


def _finish(code: str) -> str | None:
    code = code.strip("\n").rstrip()
    return code + "\n" if code.strip() else None


def _tell_language(code: str) -> str | None:
    """The candidate that parses ``code`` with the fewest errors, then with the most definitions; None for no code."""
    code = code[:_MAX_CHARS_TO_TELL]
    if code.lstrip()[:9].lower().startswith(("<!doctype", "<html")):
        return "html"
    best: tuple[int, int] | None = None
    told: str | None = None
    for language in _CANDIDATES:
        if language == "html":
            continue
        root = parse(code, language)
        if root is None:
            continue
        definitions = len(find_definitions(root, get_language(language)))
        if not definitions and not (language == "python" and _find_python(code) is not None):
            continue
        figure = (-_count_errors(root), definitions)
        if best is None or figure > best:
            best, told = figure, language
    return told


def _count_errors(root: Node) -> int:
    n_errors = 0
    stack = [root]
    while stack:
        node = stack.pop()
        if not node.has_error:
            continue
        if node.is_error or node.is_missing:
            n_errors += max(1, (node.end_byte - node.start_byte) // 20)
        stack.extend(node.children)
    return n_errors
