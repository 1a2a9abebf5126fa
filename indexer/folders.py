"""Files of a plain folder: all of them, without what its .gitignore files name, as git would read those."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from .errors import SourceError
from .records import Skipped


@dataclass(slots=True)
class _Ignored:
    """The .gitignore files on the way down to a folder, outermost first."""

    specs: list[tuple[str, GitIgnoreSpec]] = field(default_factory=list)

    def entered(self, folder: Path, relative: str) -> _Ignored:
        try:
            lines = (folder / ".gitignore").read_text("utf-8", "replace").splitlines()
        except OSError:
            return self
        return _Ignored([*self.specs, (relative, GitIgnoreSpec.from_lines(lines))])

    def matches(self, relative: str) -> bool:
        """Whether the path is ignored: the nearest file that says anything of it decides, as in git."""
        for base, spec in reversed(self.specs):
            ignored = spec.check_file(relative.removeprefix(base)).include
            if ignored is not None:
                return ignored
        return False


def walk(top: Path, unreadable: list[Skipped]) -> Iterator[str]:
    """Relative paths of all files below ``top`` that no .gitignore names; links to folders are not followed.

    Folders that cannot be read are added to ``unreadable``. Raises SourceError where ``top`` itself cannot.
    """
    pending = [("", _Ignored())]
    while pending:
        relative, outer = pending.pop()
        folder = top / relative
        ignored = outer.entered(folder, relative)
        try:
            children = list(os.scandir(folder))
        except OSError as error:
            if not relative:
                raise SourceError(f"Cannot read the folder {folder}: {error.strerror}.") from error
            if not isinstance(error, FileNotFoundError):  # else it was deleted since its name was read
                unreadable.append(Skipped(relative, 0, f"cannot be read ({error.strerror})"))
            continue
        for child in children:
            path = f"{relative}{child.name}"
            if child.is_dir(follow_symlinks=False):
                if child.name != ".git" and not ignored.matches(f"{path}/"):
                    pending.append((f"{path}/", ignored))
            elif not ignored.matches(path):
                yield path
