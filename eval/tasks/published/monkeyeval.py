"""MonkeyEval of PrivateLibrary: programs for a library that no model knows, pandas under invented names.

Given its folder, the documents of the library become a tree that retrieval searches, and those of the set's oracle are
the sources. Given one of its ``_api_`` files, its documents stand in the prompt, as the set's authors asked.
"""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from eval.cases import Case, Score, Span
from eval.errors import HarvestError
from eval.sandbox import Limits, Sandbox
from eval.tasks.base import Harvest, Scorer, TaskInput, sandbox_of
from eval.tasks.extraction import extract_code

from .environment import open_packages
from .humaneval import complete
from .items import Item, find_file, read_items
from .programs import Candidate, choose, fingerprint, judge, python_program

_FIELDS = {"task_id": str, "prompt": str, "canonical_solution": list, "test": str, "entry_point": str}
# The newest that the set's tests, written in 2022, still hold for.
_PACKAGES = ("pandas==1.5.3", "numpy<2")
_LIMITS = Limits(seconds=30.0)
_DOCUMENTS = re.compile(r"^# \[start\]\n(.*?)^# \[end\]\n", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*|\S")
_ASK = "Complete this program with the library that it imports. Answer with {} in one code block.\n\n```python\n{}\n```"


class MonkeyEval:
    """The items of MonkeyEval, pass@1."""

    name = "monkeyeval"
    version = 2
    description = "MonkeyEval, from your copy (--data): use an invented library, whose documents retrieval can find"
    needs_repository = False
    runs_code = True
    max_tokens = 384
    default_limit = 101

    def harvest(self, given: TaskInput) -> Harvest:
        """The items whose own solution passes. Raises HarvestError, EnvironmentFailed, SandboxMissing."""
        path, originals = _find_files(given)
        items, names = _read(path, originals)
        scorer = MonkeyScorer(sandbox_of(given), self._python(given), names)
        tree: Path | None = None
        documents: Mapping[str, Sequence[Span]] = {}
        if given.data is not None and given.data.is_dir():
            tree = given.folder / "library"
            documents = _write_library(given.data, tree)
        candidates = [_candidate(item, original, documents.get(item.id, ())) for item, original in items]
        key = f"{self.name} {self.version} {fingerprint(path)} {fingerprint(originals)} {self._python(given)}"
        cases, notes = choose(given, candidates, scorer.score, given.limit or self.default_limit, key)
        return Harvest(cases, tree, notes)

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Runs an answer with the item's tests. Raises what ``harvest`` raises."""
        _, names = _read(*_find_files(given))
        return MonkeyScorer(sandbox_of(given), self._python(given), names)

    def _python(self, given: TaskInput) -> Path:
        return given.python or open_packages(given.folder / "environment", _PACKAGES, given.on_progress)


class MonkeyScorer(Scorer):
    """Puts pandas' names back and runs the program. ``names`` maps the invented ones to pandas'."""

    def __init__(self, sandbox: Sandbox, python: Path, names: Mapping[str, str]) -> None:
        self._sandbox, self._python, self._names = sandbox, python, names
        self._known = frozenset(names.values()) - frozenset(names) - frozenset(keyword.kwlist)

    def score(self, case: Case, text: str) -> Score:
        """``correct`` if the tests pass; ``wrong`` too if the answer uses pandas' own names, as the set has it."""
        asked, entry_point = str(case.data["asked"]), str(case.data["entry_point"])
        code = extract_code(text, "python", asked or None) or (text if text[:1].isspace() and text.strip() else None)
        if code is None:
            return Score("unanswered", "the answer holds no code" if text.strip() else "the answer is empty")
        foreign = sorted(_names_in(code) & self._known)
        if foreign:
            return Score("wrong", f"the answer uses a name that the library does not have: {foreign[0]}", code)
        head, translated = str(case.data["head"]), _translate(code, self._names)
        if entry_point == "none":
            program, last = _continued(head, translated), "program.check()"
        else:
            program, last = complete(head, translated, entry_point), f"program.check(program.{entry_point})"
        tests = f"{program}\n\n{case.data['test']}\n"
        return judge(self._sandbox, python_program(self._python, tests, last, _LIMITS), code)


def _find_files(given: TaskInput) -> tuple[Path, Path]:
    """The invented library's items, and the same with pandas' names, which hold the tests."""
    described = "its folder, or one of its real_monkey_eval files beside real_pandas_eval_v3.jsonl.gz"
    path = find_file(given, "monkeyeval", ["real_monkey_eval_v?.jsonl*"], described)
    found = sorted(path.parent.glob("real_pandas_eval*.jsonl*"))
    if not found:
        raise HarvestError(f"{path.parent} holds no real_pandas_eval file beside {path.name}: the tests are in it.")
    return path, found[0]


def _read(path: Path, originals: Path) -> tuple[list[tuple[Item, Item]], dict[str, str]]:
    """Each item with its original, and the library's names in pandas' words."""
    by_id = {item.id: item for item in read_items(originals, _FIELDS, "task_id")}
    pairs = []
    for item in read_items(path, _FIELDS, "task_id"):
        if item.id not in by_id:
            raise HarvestError(f"{path}, line {item.line}: {originals.name} holds no {item.id}.")
        if not item["canonical_solution"]:
            raise HarvestError(f"{path}, line {item.line}: the item has no solution.")
        pairs.append((item, by_id[item.id]))
    return pairs, learn_names(pairs)


def learn_names(pairs: Iterable[tuple[Item, Item]]) -> dict[str, str]:
    """Invented name to pandas' own, from texts that differ in names alone. Solutions tell before prompts do."""
    counts: dict[str, dict[str, Counter[str]]] = {"solution": defaultdict(Counter), "prompt": defaultdict(Counter)}
    for item, original in pairs:
        texts = [("prompt", _without_documents(str(item["prompt"])), str(original["prompt"]))]
        solutions = zip(item["canonical_solution"], original["canonical_solution"], strict=False)
        texts += [("solution", str(ours), str(theirs)) for ours, theirs in solutions]
        for kind, ours, theirs in texts:
            words, originals = _WORD.findall(ours), _WORD.findall(theirs)
            if len(words) == len(originals):
                for word, name in zip(words, originals, strict=True):
                    counts[kind][word][name] += 1
    names: dict[str, str] = {}
    for kind in ("prompt", "solution"):
        for word, found in counts[kind].items():
            name = found.most_common(1)[0][0]
            if name != word or kind == "solution":
                names[word] = name
    return {word: name for word, name in names.items() if word != name and word.isidentifier()}


def _translate(code: str, names: Mapping[str, str]) -> str:
    return re.sub(r"[A-Za-z_]\w*", lambda match: names.get(match[0], match[0]), code)


def _names_in(code: str) -> set[str]:
    """The identifiers of code, without those in strings and comments; of code that does not parse all words."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return set(re.findall(r"[A-Za-z_]\w*", code))
    return {token.string for token in tokens if token.type == tokenize.NAME}


def _continued(head: str, code: str) -> str:
    """A program's beginning and an answer that continues it, or repeats it, or gives its unfinished last line anew."""
    lines = head.rstrip().splitlines()
    unfinished = lines[-1].rstrip() if lines and lines[-1].rstrip().endswith("=") else ""
    target = unfinished.removesuffix("=").strip()
    if unfinished and not re.search(rf"^\s*{re.escape(target)}\s*=", code, re.MULTILINE):
        return f"{head.rstrip()} {code.strip()}"
    if unfinished:
        lines = lines[:-1]
    return "\n".join([*lines, code])


def _without_documents(prompt: str) -> str:
    return _DOCUMENTS.sub("", prompt, count=1)


def _documents_of(prompt: str) -> list[str]:
    found = _DOCUMENTS.search(prompt)
    return [line.removeprefix("# ") for line in found[1].splitlines()] if found is not None else []


def _write_library(data: Path, tree: Path) -> dict[str, list[Span]]:
    """A page for each name that the set documents, below ``tree``; returns the places of each item's oracle."""
    files = sorted(data.rglob("real_monkey_eval*_api_*.jsonl*"))
    oracles = [file for file in files if "_api_n" in file.name]
    if not oracles:
        raise HarvestError(f"{data} holds no real_monkey_eval file with _api_n in its name: the documents are in it.")
    pages: dict[str, dict[str, None]] = defaultdict(dict)
    for file in files:
        for item in read_items(file, _FIELDS, "task_id"):
            for document in _documents_of(str(item["prompt"])):
                pages[document.partition("(")[0].strip()][document] = None
    places: dict[str, Span] = {}
    tree.mkdir(parents=True, exist_ok=True)
    for name, documents in sorted(pages.items()):
        path = f"monkey/{re.sub(r'[^A-Za-z0-9_]', '_', name)}.md"
        lines = [f"# {name}", ""]
        for document in documents:
            signature, mark, text = document.rpartition("): ")
            lines += [f"`{signature}{')' if mark else ''}`", "", text, ""]
            places[document] = Span(path, len(lines) - 3, len(lines) - 1)
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).write_text("\n".join(lines), "utf-8")
    return {
        item.id: list(dict.fromkeys(places[document] for document in _documents_of(str(item["prompt"]))))
        for item in read_items(oracles[0], _FIELDS, "task_id")
    }


def _candidate(item: Item, original: Item, sources: Sequence[Span]) -> Candidate:
    prompt, plain = str(item["prompt"]), _without_documents(str(item["prompt"]))
    head, entry_point = str(original["prompt"]), str(original["entry_point"])
    defined = re.findall(r"^def (\w+)", plain, re.MULTILINE)
    is_function = entry_point != "none"
    asked = defined[-1] if is_function and defined else ""
    data = {"asked": asked, "entry_point": entry_point, "head": head, "test": str(original["test"])}
    wanted = "the whole function" if is_function else "the whole program"
    query = "\n".join(line.lstrip("# ") for line in plain.splitlines() if line.lstrip().startswith("#")) or plain
    case = Case(
        item.id, "monkeyeval", "function" if is_function else "program", item.id,
        _ASK.format(wanted, prompt.strip()), query, sources, "python", data=data,
    )  # fmt: skip
    solution = f"```python\n{plain}{item['canonical_solution'][0]}\n```"
    stub = (
        f"```python\n{plain.rstrip()}\n    return None\n```"
        if is_function
        else f"```python\n{plain.rstrip()} None\n```"
    )
    return Candidate(case, solution, stub)


TASK = MonkeyEval()
