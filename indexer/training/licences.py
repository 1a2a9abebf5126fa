"""Which licences may be trained on: permissive ones, of the package and of the file.

A package's licence is what its registry's own record says, as an SPDX expression in packages.toml.
"""

from __future__ import annotations

import re

PERMISSIVE = frozenset(
    {
        *("MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "ISC", "Zlib", "BSL-1.0", "TCL", "0BSD"),
        *("MIT OR Apache-2.0", "Apache-2.0 OR BSD-3-Clause", "Apache-2.0 OR MIT", "Unlicense OR MIT", "X11"),
        *("Unlicense", "PostgreSQL", "CC0-1.0", "MIT-0"),
    }
)
_HEAD_CHARS = 4_000  # a file says whose it is at its top
_OTHER = re.compile(
    r"GNU (?:Lesser |Library |Affero )?General Public|\b[AL]?GPL(?:v?[23])?\b|Mozilla Public|MPL[- ][12]|"
    r"Eclipse Public|Common Development and Distribution|Creative Commons Attribution|EUPL|CeCILL|"
    r"all rights reserved\.?\s+(?:proprietary|confidential)|unauthorized copying",
    re.IGNORECASE,
)


def has_other_licence(text: str) -> bool:
    """Whether a file's head names a licence that is not permissive."""
    return _OTHER.search(text[:_HEAD_CHARS]) is not None
