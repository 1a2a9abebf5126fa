"""Reading the sources of a downloaded package: wheels are zip files, everything else is a tar file.

Nothing is unpacked to disk, installed or run.
"""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from indexer.languages import detect_language
from indexer.training.exclusions import has_excluded_notice, is_excluded_path
from indexer.training.licences import has_other_licence
from indexer.training.mining_trees import LANGUAGES
from indexer.training.records import Package, Source

_MAX_FILE_BYTES = 1_000_000  # larger Python files are tables
_MAX_TREE_BYTES = 300_000  # in the other languages they are bundles of everything
_MAX_LINE_CHARS = 120  # on average: more, and the file is minified
# A test's docstring is no question about its code, and what was built repeats what it was built from.
_SKIPPED_PARTS = frozenset(
    """
    test tests testing _test _tests spec specs __tests__ __mocks__ testdata fixtures fixture testsuite unittest
    dist build umd esm cjs amd es es5 es6 min commonjs generated gen autogen debian .github locale locales i18n
    """.split()
)
_PYTHON_SKIPPED_PARTS = frozenset({"test", "tests", "testing", "_test", "_tests"})
# Where Debian installs sources: not a part of a project's own paths.
_INSTALLED = re.compile(
    r"^usr/(?:share/gocode/src/(?:[^/]+/){2}|share/cargo/registry/[^/]+/|lib/ruby/vendor_ruby/|share/rubygems-integration/all/gems/[^/]+/"
    r"|share/lua/5\.\d/|share/php/|include/|share/)"
)
_GENERATED = (".min.js", ".d.ts", ".pb.go", ".pb.cc", ".pb.h", ".designer.cs", "_generated.go", ".bundle.js")


def read_sources(package: Package, archive: Path) -> Iterator[Source]:
    """The mined files of a package, without tests and without what the exclusions and licences forbid."""
    for path, size, content in _members(archive):
        if not _is_wanted(path, size, package):
            continue
        try:
            text = content().decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
        if not path.endswith(".py") and len(text) > _MAX_LINE_CHARS * (text.count("\n") + 1):
            continue
        if package.split == "excluded" or not (has_excluded_notice(text) or has_other_licence(text)):
            yield Source(package.name, path, text)


def _is_wanted(path: str, size: int, package: Package) -> bool:
    pure = PurePosixPath(path)
    name = pure.name.lower()
    if package.registry == "pypi":
        if pure.suffix != ".py" or size > _MAX_FILE_BYTES or name.endswith("_pb2.py"):
            return False
        if _PYTHON_SKIPPED_PARTS.intersection(pure.parts) or name.startswith("test_"):
            return False
    else:
        if (
            detect_language(path) not in (LANGUAGES | {"markdown"})
            or size > _MAX_TREE_BYTES
            or name.endswith(_GENERATED)
        ):
            return False
        parts = {part.lower() for part in pure.parts[:-1]}
        stem = pure.stem
        if package.split != "excluded" and _SKIPPED_PARTS.intersection(parts):
            return False
        if name.startswith("test_") or stem.endswith(("_test", "_spec", "Test", "Tests", "Spec", ".test", ".spec")):
            return False
    return package.split == "excluded" or not is_excluded_path(path)


def _members(archive: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Path, size and a reader of each file; a tar's paths without the one folder that holds everything."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for entry in wheel.infolist():
                yield entry.filename, entry.file_size, partial(wheel.read, entry)
        return
    stream, depth = (archive.open("rb"), 1) if archive.suffix != ".deb" else (_files_of_deb(archive), 0)
    with stream, tarfile.open(fileobj=stream, mode="r:*") as tar:
        for member in tar:
            if member.isfile():
                path = _INSTALLED.sub("", member.name.removeprefix("./"))
                path = path.split("/", depth)[-1]
                yield path, member.size, partial(_read_member, tar, member)


def _read_member(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    content = tar.extractfile(member)
    return content.read() if content is not None else b""


def _files_of_deb(archive: Path) -> io.BytesIO:
    """The tar file of what a binary package installs; dpkg reads it, nothing is installed."""
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    return io.BytesIO(subprocess.run(command, check=True, capture_output=True).stdout)
