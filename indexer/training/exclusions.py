"""What may never be trained on: the projects of exclusions.txt, by name, folder, notice and copied code.

Four nets, because a vendored copy need not carry its project's name: the package's name, the path inside it,
a notice in the file, and fingerprints of the excluded projects' own code (``mining.copy_keys``).
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import PurePosixPath

from indexer.errors import InputError

# Folders where packages keep other people's code.
_VENDOR_PARTS = frozenset(
    """
    _bundled _extern _external _third_party _thirdparty _vendor _vendored bundled extern external externals
    node_modules site-packages third-party third_party thirdparty thirdparty_files vendor vendored
    """.split()
)
# The excluded projects that are written in Python, as they are imported: only these can lie inside a wheel.
_PYTHON_MODULES = frozenset(
    """
    aiohttp black bottle celery click django fastapi flask httpx model2vec numpy pandas pydantic pytest redis
    requests scrapy sqlalchemy starlette tornado uvicorn
    """.split()
)
_NOTICE = re.compile(
    r"numpy developers|pandas development team|aqr capital|django software foundation|encode oss"
    r"|kenneth reitz|michael bayer|sqlalchemy authors|holger krekel|samuel colvin|ask solem|scrapy developers"
    r"|marcel hellkamp|łukasz langa|tom christie|sebasti[aá]n ram[ií]rez|facebook/tornado"
    r"|(?:adapted|borrowed|copied|taken|vendored|ported|lifted|backported|forked|derived|copy)"
    r"\s+(?:\w+\s+){0,3}(?:from|of)\s+(?:\w+\s+){0,3}"
    rf"(?:{'|'.join(sorted(_PYTHON_MODULES))})\b",
    re.IGNORECASE,
)


def load_exclusions() -> tuple[str, ...]:
    """The excluded repositories, as ``owner/name``."""
    text = resources.files("indexer.training").joinpath("exclusions.txt").read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def normalize_name(name: str) -> str:
    """A distribution's name as registries compare it: lower case, runs of ``-_.`` as one hyphen."""
    return re.sub(r"[-_.]+", "-", name).lower()


def check_name(name: str) -> None:
    """Raise InputError if a package is an excluded project or named after one (``pandas-x``)."""
    normalized = normalize_name(name)
    repositories = {normalize_name(repository.rpartition("/")[2]) for repository in load_exclusions()}
    if normalized in repositories or _PYTHON_MODULES.intersection(normalized.split("-")):
        raise InputError(f"{name} is on the training exclusion list: take it out of packages.toml")


def is_excluded_path(path: str) -> bool:
    """Whether a file lies in vendored code, or it or its folder is named after an excluded project."""
    parts = [part.lower() for part in PurePosixPath(path).with_suffix("").parts]
    return any(part in _VENDOR_PARTS or part.strip("_") in _PYTHON_MODULES for part in parts)


def has_excluded_notice(text: str) -> bool:
    """Whether a file says that it is, or holds code copied from, an excluded project."""
    return _NOTICE.search(text) is not None
