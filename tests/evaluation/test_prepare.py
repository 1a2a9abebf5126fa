"""One configuration, one folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from eval.prepare import default_folder
from eval.records import RunConfig


def test_a_configuration_has_its_own_folder(tmp_path: Path, config: RunConfig) -> None:
    """Equal configurations share a folder, others do not, and the name tells what was run."""
    folder = default_folder(tmp_path, config)
    assert folder == default_folder(tmp_path, replace(config))
    assert folder != default_folder(tmp_path, replace(config, seed=1))
    assert folder.name.startswith("garden-questions-stand-in-model-")
