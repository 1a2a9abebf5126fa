"""Files of ours that are kept between runs: written whole or not at all, and made anew where they are damaged."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_whole(path: Path, text: str) -> None:
    """Write in place of what is there, atomically: whoever is killed meanwhile leaves what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, "utf-8", "surrogatepass")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)  # on a full disk half of it is there


def read_kept(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None where there is none or it is damaged, so that it is made anew."""
    try:
        kept = json.loads(path.read_text("utf-8", "surrogatepass"))
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) else None
