"""The pinned packages of the encoder's recipe: what apt is told, and what was made of other lists is not used."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.training import packages


def test_apt_is_told_of_sources_in_both_forms_of_its_lists() -> None:
    """Debian 12 as installed has the short form, its container images the long one."""
    short = "# main\ndeb http://example.org/debian bookworm main\ndeb [arch=amd64] http://example.org/x y z\n"
    assert packages.with_sources(short) == (
        "# main\ndeb http://example.org/debian bookworm main\ndeb-src http://example.org/debian bookworm main\n"
        "deb [arch=amd64] http://example.org/x y z\ndeb-src [arch=amd64] http://example.org/x y z\n"
    )
    long = "Types: deb\nURIs: http://example.org/debian\n"
    assert packages.with_sources(long) == "Types: deb deb-src\nURIs: http://example.org/debian\n"


def test_the_digest_follows_packages_and_exclusions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs that were mined before a project was excluded are not trained on."""
    for name in ("packages.toml", "exclusions.txt"):
        (tmp_path / name).write_text("a\n")
    monkeypatch.setattr(packages.resources, "files", lambda package: tmp_path)
    digests = {packages.package_lists_digest()}
    for name in ("packages.toml", "exclusions.txt"):
        (tmp_path / name).write_text("a\nb\n")
        digests.add(packages.package_lists_digest())
    assert len(digests) == 3 and packages.package_lists_digest() in digests
