"""Which llama.cpp the embedded engine is: the prebuilt one, or one that was compiled for this machine's processor.

Two builds of one version round differently, so now and then they write another word.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution

PACKAGE = "xllamacpp"
_COMPILED_TAG = "-linux_"  # a platform that package indexes take no wheels for: theirs say manylinux, macosx, win


@dataclass(frozen=True, slots=True)
class EngineBuild:
    """``digest`` is the beginning of the compiled module's SHA-256 as wheels record it, in base64."""

    version: str
    is_compiled_here: bool
    digest: str

    @property
    def restore_command(self) -> str:
        """What puts the prebuilt engine of this version in its place."""
        options = f"--force-reinstall --no-deps --only-binary {PACKAGE}"
        return f"{sys.executable} -m pip install {options} {PACKAGE}=={self.version}"

    def __str__(self) -> str:
        name = f"{PACKAGE} {self.version}"
        return f"{name}, compiled for its processor ({self.digest})" if self.is_compiled_here else name


def read_engine_build(package: Distribution | None = None) -> EngineBuild:
    """The build that is installed, or that of another ``package``. Raises PackageNotFoundError."""
    package = package or distribution(PACKAGE)
    tags = [line for line in (package.read_text("WHEEL") or "").splitlines() if line.startswith("Tag:")]
    modules = [file.hash.value for file in package.files or () if file.suffix == ".so" and file.hash is not None]
    return EngineBuild(
        version=package.version,
        is_compiled_here=any(_COMPILED_TAG in tag for tag in tags),
        digest=modules[0][:12] if modules else "",
    )
