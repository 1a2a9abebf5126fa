"""Memory that native libraries have freed goes back to the system. Nothing here where the C library is not glibc.

glibc keeps an arena a thread and holds on to what was freed in each: a service that opens Chroma for every edit
grew by some MB each time, with all of it free.
"""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8  # of glibc's malloc.h
_N_ARENAS = 2


def bound_arenas() -> None:
    """Have threads share a few arenas; to be called before a library starts threads of its own."""
    if _libc is not None:
        _libc.mallopt(_M_ARENA_MAX, _N_ARENAS)


def give_back() -> None:
    """Return freed memory to the system; takes some milliseconds."""
    if _libc is not None:
        _libc.malloc_trim(0)


def _load_libc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        libc = ctypes.CDLL(None)
        _ = libc.mallopt, libc.malloc_trim  # musl has no such functions
    except (OSError, AttributeError):
        return None
    return libc


_libc = _load_libc()
