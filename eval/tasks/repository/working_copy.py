"""A copy of a checkout in which tests run, brought back to what it was after each run.

What a test or a model's code wrote, changed or removed in it does not reach the next run. Beside the copy lies a folder
for what the run says (``out``); the two are the only places where it may write.
"""

from __future__ import annotations

import codecs
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

_State = tuple[int, int, int, int]  # inode, bytes, time of the last change in ns, mode

_LATER_NS = 10 * 10**9


def is_written_as_read(file: Path, text: str) -> bool:
    """Whether writing ``text``, which the index read from ``file``, gives the same bytes, but for a BOM."""
    return file.read_bytes().removeprefix(codecs.BOM_UTF8) == _encoded(text)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class WorkingCopy:
    """The files of ``checkout`` and of ``added`` below ``folder / "repo"``. ``folder`` is removed by ``close``."""

    def __init__(self, checkout: Path, added: Path | None, folder: Path) -> None:
        self.folder, self.repo, self.out = folder, folder / "repo", folder / "out"
        self._layers = [layer for layer in (added, checkout) if layer is not None]
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copytree(checkout, self.repo, symlinks=True)
        if added is not None:
            shutil.copytree(added, self.repo, symlinks=True, dirs_exist_ok=True)
        self._compiled: dict[str, bytes] = {}
        entries = list(self._walk())
        self._files: dict[str, _State] = {path: state for path, state in entries if state is not None}
        self._folders: set[str] = {path for path, state in entries if state is None}
        self.empty_out()

    def keep_compiled(self) -> None:
        """Take what Python and pytest compiled since as part of the copy, so that later runs need not do it again."""
        for path, state in list(self._walk()):
            folder, _, name = path.rpartition("/")
            if (
                state is not None
                and path not in self._files
                and folder.endswith("__pycache__")
                and name.endswith(".pyc")
            ):
                self._files[path] = state
                self._compiled[path] = (self.repo / path).read_bytes()
                self._folders.add(folder)

    def write(self, path: str, text: str) -> None:
        """Put ``text`` in place of a file until the next ``restore``."""
        target = self.repo / path
        changed = target.stat().st_mtime_ns if target.is_file() else 0
        target.unlink(missing_ok=True)  # never through a link
        target.write_bytes(_encoded(text))
        # Python takes what it compiled if time, in seconds, and size are the same: the time never is.
        os.utime(target, ns=(changed + _LATER_NS, changed + _LATER_NS))

    def restore(self) -> None:
        """Bring every file back to what was remembered, and empty ``out``."""
        seen = set()
        for path, state in list(self._walk()):
            if state is None:
                if path not in self._folders:
                    shutil.rmtree(self.repo / path, ignore_errors=True)
            elif path not in self._files:
                (self.repo / path).unlink(missing_ok=True)
            elif state == self._files[path]:
                seen.add(path)
        for path in self._files.keys() - seen:
            self._put_back(path)
        for path in self._folders:
            (self.repo / path).mkdir(parents=True, exist_ok=True)
        self.empty_out()

    def empty_out(self) -> None:
        """A new ``out`` with a home and a folder for temporary files."""
        shutil.rmtree(self.out, ignore_errors=True)
        for name in ("home", "tmp", "kept"):
            (self.out / name).mkdir(parents=True)

    def close(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _put_back(self, path: str) -> None:
        target = self.repo / path
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        target.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        original = self._original(path)
        if original is not None:
            shutil.copy2(original, target)
        else:
            target.write_bytes(self._compiled[path])
        self._files[path] = _state(target.lstat())

    def _original(self, path: str) -> Path | None:
        return next((layer / path for layer in self._layers if (layer / path).is_file()), None)

    def _walk(self) -> Iterator[tuple[str, _State | None]]:
        """Every file with its state, and every folder with None, parents first."""
        pending = [""]
        while pending:
            below = pending.pop()
            try:
                entries = sorted(os.scandir(self.repo / below), key=lambda entry: entry.name)
            except OSError:  # removed, or made unreadable by what ran: put back or removed by the caller
                continue
            for entry in entries:
                path = f"{below}/{entry.name}" if below else entry.name
                if entry.is_dir(follow_symlinks=False):
                    yield path, None
                    pending.append(path)
                else:
                    yield path, _state(entry.stat(follow_symlinks=False))


def _state(status: os.stat_result) -> _State:
    return (status.st_ino, status.st_size, status.st_mtime_ns, stat.S_IMODE(status.st_mode))
