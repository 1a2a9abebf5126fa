"""Which llama.cpp is installed: what was compiled here is told from what is the same for everybody."""

from __future__ import annotations

from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

from assistant.models.engine_build import read_engine_build


def make_package(folder: Path, tag: str, digest: str = "J60aYh9VyTW1AfeTOJqYtxiVjeK3THppEI5I04CZjmY") -> Distribution:
    """An installed package with that tag."""
    info = folder / "xllamacpp-2026.10.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: xllamacpp\nVersion: 2026.10.1\n")
    (info / "WHEEL").write_text(f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
    (info / "RECORD").write_text(
        "xllamacpp/__init__.py,sha256=TKFqO8Chfud__n8pa9pg82bD6CkGLiRAjkNc6k3GUu0,787\n"
        f"xllamacpp/xllamacpp.abi3.so,sha256={digest},37756712\nxllamacpp-2026.10.1.dist-info/RECORD,,\n"
    )
    return PathDistribution(info)


@pytest.mark.parametrize("tag", [f"cp310-abi3-{each}" for each in ("manylinux_2_17_x86_64", "macosx_13_0_arm64")])
def test_a_prebuilt_engine_is_named_by_its_version(tmp_path: Path, tag: str) -> None:
    """It is the same wherever it is installed, so what was answered by it before stays comparable."""
    build = read_engine_build(make_package(tmp_path, tag))
    assert (str(build), build.is_compiled_here) == ("xllamacpp 2026.10.1", False)


def test_an_engine_that_was_compiled_here_is_named_by_what_came_of_it(tmp_path: Path) -> None:
    """Compiled for another processor, or by another compiler, it is another engine."""
    build = read_engine_build(make_package(tmp_path, "cp310-abi3-linux_x86_64"))
    assert (str(build), build.is_compiled_here) == (
        "xllamacpp 2026.10.1, compiled for its processor (J60aYh9VyTW1)",
        True,
    )


def test_the_installed_one_can_be_read() -> None:
    """Whichever it is."""
    assert read_engine_build().version
