"""Prompts for completions: Qwen's fill-in-the-middle and repository formats, and what is read out of a client's prompt.

The format is that of Qwen2.5-Coder's technical report (arXiv 2409.12186, section on pre-training): files of the
repository behind ``<|file_sep|>``, then the file that is edited, cut at the cursor. Nothing here asks a model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .prompts import defuse
from .records import Passage

# Where a completion ends whatever else is asked: what follows would be another file, turn or document.
END_TOKENS = (
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_suffix|>",
    "<|fim_middle|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<|im_start|>",
    "<|im_end|>",
)

_CLIENTS_FORMS = ("<|fim_{}|>", "<fim_{}>")  # Qwen's, and StarCoder's, which editors send to models they do not know
_FILE = "<|file_sep|>"
# A first line such as `# src/shop/cart.py`, `// Path: cart.ts` or `<!-- page.html -->`.
_PATH_COMMENT = re.compile(
    r"\A(?:#!.*\n)?\s*(?:#|//|--|;+|%|/\*|<!--)\s*"
    r"(?:(?:file|path|filepath|filename)\s*:\s*)?"
    r"(?P<path>[\w./@+-]+\.\w+)\s*(?:\*/|-->)?[ \t]*\n",
    re.IGNORECASE,
)
_UNNAMED = "untitled"
_QUERY_LINES = 8  # before the cursor: what is being written now
_QUERY_HEADERS = 2  # the function and the class around it
_QUERY_CHARACTERS = 1500
_TELLING_CHARACTERS = 8  # a shorter line, such as `else:`, may come twice
_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Gap:
    """What a client sent: code before and behind the cursor (None: there is no gap), and the file's path if known."""

    prefix: str
    suffix: str | None
    path: str | None


def fills_gaps(model: str) -> bool:
    """Whether the model of this name was trained on Qwen's fill-in-the-middle format."""
    name = model.lower()
    return "qwen" in name and "coder" in name


def read_gap(prompt: str, suffix: str | None, path: str | None) -> Gap:
    """The gap in a client's prompt, also where the client has put Qwen's or StarCoder's tokens around it by itself.

    The path is the given one, or that of the client's last ``<|file_sep|>``, or that of a comment in the first line.
    """
    own = _split_at_tokens(prompt) if suffix is None else None
    if own is None:
        return Gap(prompt, suffix, path or _path_of_comment(prompt))
    head, before, behind = own
    # What a client has put before the file are files of its own choice: they stay, as code before the cursor.
    above, _, last = head.rstrip().rpartition("\n")
    named = None
    if last.startswith(_FILE):
        head, named = f"{above}\n" if above else "", last.removeprefix(_FILE).strip()
    return Gap(defuse_files(head) + before, behind, path or named or _path_of_comment(before))


def _split_at_tokens(prompt: str) -> tuple[str, str, str] | None:
    """What stands before a client's own tokens, and the code before and behind the cursor; None without all three."""
    body = prompt.rstrip()
    for form in _CLIENTS_FORMS:
        prefix_token, suffix_token, middle_token = (form.format(name) for name in ("prefix", "suffix", "middle"))
        if body.endswith(middle_token):
            head, found, rest = body.removesuffix(middle_token).rpartition(prefix_token)
            before, found_suffix, behind = rest.partition(suffix_token)
            if found and found_suffix:
                return head, before, behind
    return None


def defuse_files(head: str) -> str:
    """A client's own repository context as plain code: each file under a line with its path."""
    text = re.sub(r"<\|repo_name\|>[^\n]*\n?", "", head)
    return re.sub(r"<\|file_sep\|>[ \t]*([^\n]*)\n?", r"# \1\n", text)


def write_query(gap: Gap) -> str:
    """What to search for: the lines before the cursor and the headers that enclose them; '' if there are none."""
    lines = [line for line in gap.prefix[-20_000:].split("\n") if line.strip()]
    if not lines:
        return "\n".join((gap.suffix or "").strip().split("\n")[:_QUERY_LINES])[:_QUERY_CHARACTERS]
    last = lines[-_QUERY_LINES:]
    headers: list[str] = []
    depth = _indent(lines[-1])
    for line in reversed(lines[: -len(last)]):
        if len(headers) == _QUERY_HEADERS or depth == 0:
            break
        if _indent(line) < depth:
            depth = _indent(line)
            headers.insert(0, line.strip())
    return "\n".join([*headers, *(line.strip() for line in last)])[-_QUERY_CHARACTERS:]


def find_stops(gap: Gap, *, with_tokens: bool) -> list[str]:
    """Where a completion has gone too far: at another file or turn, and where it repeats the code behind the cursor.

    Chat models close a code block that nobody has opened, and then explain; so that is an end, too. Without
    ``with_tokens`` there are two at most: that model writes none of Qwen's tokens, and its server may take four ends.
    """
    stops = list(END_TOKENS) if with_tokens else []
    following = next((line for line in (gap.suffix or "").split("\n") if line.strip()), "")
    if len(following.strip()) >= _TELLING_CHARACTERS:
        stops.append(f"\n{following}")
    if _FENCE not in gap.prefix:
        stops.append(f"\n{_FENCE}")
    return stops


def is_being_edited(text: str, gap: Gap) -> bool:
    """Whether most lines of ``text`` stand in the file that is edited: the model has them before it already."""
    there = {line.strip() for part in (gap.prefix, gap.suffix or "") for line in part.split("\n")}
    lines = [line.strip() for line in text.split("\n") if len(line.strip()) > 3]  # brackets stand everywhere
    return bool(lines) and sum(line in there for line in lines) > len(lines) / 2


def write_context(passages: Sequence[Passage], gap: Gap, *, with_tokens: bool) -> str:
    """What stands before the code: files of the repository, the best of them nearest to it.

    Without ``with_tokens`` (a model that was not trained on them) each file stands under a comment with its path.
    """
    if not with_tokens:
        return "".join(f"# {passage.path}\n{defuse(passage.text)}\n\n" for passage in reversed(passages))
    if not passages and gap.path is None:
        return ""
    repos = dict.fromkeys(passage.repo for passage in passages)
    name = f"<|repo_name|>{_one_line(' '.join(repos))}\n" if repos else ""
    files = "".join(
        f"<|file_sep|>{_one_line(passage.path)}\n{defuse(passage.text)}\n" for passage in reversed(passages)
    )
    return f"{name}{files}<|file_sep|>{_one_line(gap.path or _UNNAMED)}\n"


def write_prompt(context: str, prefix: str, suffix: str | None) -> str:
    """The whole prompt: with a suffix in the order of Qwen's format, else the code to go on with."""
    if suffix is None:
        return context + defuse(prefix)
    return f"{context}<|fim_prefix|>{defuse(prefix)}<|fim_suffix|>{defuse(suffix)}<|fim_middle|>"


def _path_of_comment(text: str) -> str | None:
    found = _PATH_COMMENT.match(text[:1000])
    return found["path"] if found else None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _one_line(text: str) -> str:
    return defuse("".join(char if char.isprintable() else " " for char in text))
