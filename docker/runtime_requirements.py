"""Prints what a wheel requires to run, without what only other encoders need.

The built-in encoder runs without torch, which would be most of the image: several GB where it comes with a build for
graphics cards.
"""

from __future__ import annotations

import re
import sys
import zipfile
from email.parser import Parser

_LEFT_OUT = frozenset({"sentence-transformers", "torch"})


def read_requirements(wheel: str) -> list[str]:
    """The requirements in a wheel's metadata, but for those of extras and those left out."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode())
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    return [line for line in required if re.split(r"[^\w.-]", line)[0].lower() not in _LEFT_OUT]


if __name__ == "__main__":
    print("\n".join(read_requirements(sys.argv[1])))
