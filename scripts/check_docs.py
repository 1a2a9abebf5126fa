"""Checks that the documentation tells the truth where a program can tell: commands, settings, files, links.

Run by `make check`. Prints one line for each thing that is wrong, and exits 1 if there is any.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from pydantic_settings import BaseSettings

from api.settings import ApiSettings
from eval.settings import EvalSettings
from indexer.main import quarry

# What a task of the evaluation is made of: docs/code.md does not list each program in these folders.
MATERIAL = {"library", "items", "programs", "problems"}
ROOT = Path(__file__).resolve().parent.parent
OURS = ("api", "assistant", "bench", "docker", "docs", "eval", "indexer", "scripts", "tests")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def undocumented_commands(text: str) -> Iterator[str]:
    """Every command is in docs/commands.md, every option in a point there that names its command; all have help."""
    points = re.split(r"^(?:- |#)", text, flags=re.MULTILINE)
    for path, command in walk(quarry, ("quarry",)):
        name = " ".join(path)
        own = "".join(point for point in points if re.search(rf"`{name}[ `]", point))
        if not command.help:
            yield f"`{name}` has no help"
        if not isinstance(command, click.Group) and not own:
            yield f"docs/commands.md does not mention `{name}`"
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name not in ("help", "version"):
                option = max(parameter.opts, key=len)
                if not parameter.help:
                    yield f"`{name} {option}` has no help"
                if not re.search(rf"(?<![\w-]){option}(?![\w-])", own):
                    yield f"docs/commands.md does not mention {option} where it describes `{name}`"


def walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The command and all below it, with their full names."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from walk(child, (*path, name))


def undocumented_settings(settings: type[BaseSettings], text: str) -> Iterator[str]:
    """Every setting is in docs/commands.md under the name of its environment variable."""
    for name in settings.model_fields:
        variable = f"QUARRY_{name.upper()}"
        if f"`{variable}`" not in text:
            yield f"docs/commands.md does not mention the setting {variable}"


def dead_links(page: Path, text: str) -> Iterator[str]:
    """Relative links lead to files that are there, and to headings of theirs."""
    for target, heading in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text):
        path = page.parent / target if target else page
        if not path.exists():
            yield f"{page.relative_to(ROOT)} links to {target}, which is not there"
        elif heading and heading not in headings(path.read_text()):
            yield f"{page.relative_to(ROOT)} links to {target}#{heading}, and there is no such heading"


def headings(text: str) -> set[str]:
    """The names that GitHub gives to a page's headings."""
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def missing_paths(page: Path, text: str) -> Iterator[str]:
    """Paths of ours that a page names in backticks are there."""
    for target in re.findall(rf"`((?:{'|'.join(OURS)})/[\w./-]*\w/?)`", text):
        if not (ROOT / target).exists():
            yield f"{page.relative_to(ROOT)} names {target}, which is not there"


def missing_from_tree(tree: str, modules: Iterable[Path]) -> Iterator[str]:
    """Every folder with code has a line in docs/code.md that says what it is for, as has every module that is listed.

    A folder lists all of its modules or none: a list with gaps hides what is new.
    """
    phrases = read_tree(tree)
    by_folder: dict[Path, set[Path]] = {}
    for path in modules:
        by_folder.setdefault(path.parent, set()).add(path)
    for path, phrase in phrases.items():
        if path.suffix and path not in by_folder.get(path.parent, set()):
            yield f"docs/code.md lists {path}, which is not there"
        elif not phrase:
            yield f"docs/code.md does not say what {path} is for"
    for folder, inside in sorted(by_folder.items()):
        if folder not in phrases:
            yield f"docs/code.md has no line for {folder}/"
        listed = {path for path in phrases if path.suffix and path.parent == folder}
        for path in sorted(inside - listed if listed else ()):
            yield f"docs/code.md lists modules of {folder}/ without {path.name}"


def read_tree(tree: str) -> dict[Path, str]:
    """What the tree says of each folder (``name/  phrase``) and module (``name.py  phrase``) that has a line there."""
    phrases: dict[Path, str] = {}
    above: list[tuple[int, Path]] = []  # the folders that the line at hand is in, with their indentation
    for line in tree.splitlines():
        entry = re.match(r"(\s+)(\w+)(/|\.py)(?:\s+(\S.*))?$", line)
        if entry is None:
            continue
        indentation, name, kind, phrase = len(entry[1]), entry[2], entry[3], entry[4] or ""
        above = [(column, folder) for column, folder in above if column < indentation]
        path = (above[-1][1] if above else Path()) / (f"{name}.py" if kind == ".py" else name)
        phrases[path] = phrase
        if kind == "/":
            above.append((indentation, path))
    return phrases


def list_modules() -> list[Path]:
    """The Python modules that docs/code.md has to cover: all that are tracked, but tests and the tasks' material."""
    tracked = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [
        path
        for path in map(Path, tracked.splitlines())
        if path.parts[0] != "tests"
        and path.name != "__init__.py"
        and not (path.parts[0] == "eval" and not MATERIAL.isdisjoint(path.parts))
    ]


def main() -> int:
    """All checks; the number of things wrong, as far as an exit code can tell."""
    commands = (ROOT / "docs" / "commands.md").read_text()
    problems = [
        *undocumented_commands(commands),
        *undocumented_settings(ApiSettings, commands),
        *undocumented_settings(EvalSettings, commands),
        *missing_from_tree((ROOT / "docs" / "code.md").read_text(), list_modules()),
        *(problem for page in PAGES for problem in dead_links(page, page.read_text())),
        *(problem for page in PAGES for problem in missing_paths(page, page.read_text())),
    ]
    for problem in problems:
        print(problem)
    print(f"docs: {len(PAGES)} pages checked, {len(problems)} problems")
    return min(len(problems), 1)


if __name__ == "__main__":
    sys.exit(main())
