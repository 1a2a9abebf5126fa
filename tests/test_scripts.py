"""scripts/: what is said where something is missing, on this machine or in the docs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scripts import check_docs
from scripts.check_docs import ROOT, dead_links, missing_from_tree, undocumented_commands


@pytest.mark.parametrize(
    ("programs", "left_out"),
    [
        ({"chromium": 0, "bwrap": 0}, ""),
        ({"chromium": 0, "bwrap": 1}, "not sandboxed"),
        ({"chromium": 0}, "not sandboxed"),
        ({"bwrap": 0}, "not browser"),
        ({}, "not browser and not sandboxed"),
    ],
)
def test_what_is_missing_leaves_out_its_own_tests_alone(
    tmp_path: Path, programs: dict[str, int], left_out: str
) -> None:
    """Chromium those of the page; bubblewrap, also one that does not work, those of generated code; each is said."""
    for name, code in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
    script = ROOT / "scripts" / "install-debian-packages"
    done = subprocess.run([script], env={"PATH": str(tmp_path)}, capture_output=True, text=True)  # without apt-get
    assert (done.stdout.strip(), done.returncode) == (left_out, 1 if left_out else 0)
    assert ("Chromium" in done.stderr, "bubblewrap" in done.stderr) == ("browser" in left_out, "sandbox" in left_out)


def test_an_option_is_missing_although_another_command_has_it() -> None:
    """What counts is the description of its own command, and the whole option."""
    text = (ROOT / "docs" / "commands.md").read_text()
    assert list(undocumented_commands(text)) == []
    cut = text.replace("`--rebuild`", "`--rebuilds`").replace("finds chunks: `-k` hits (10)", "finds chunks")
    assert cut != text
    assert [line.split(" mention ")[1] for line in undocumented_commands(cut)] == [
        "--rebuild where it describes `quarry index`",
        "-k where it describes `quarry search`",
    ]


def test_links_lead_to_files_and_headings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same page, too."""
    monkeypatch.setattr(check_docs, "ROOT", tmp_path)
    (tmp_path / "other.md").write_text("# Keep, upgrade, remove\n")
    page = tmp_path / "page.md"
    page.write_text(
        "## Here\n[a](other.md#keep-upgrade-remove) [b](#here) [c](other.md#gone) [d](#gone) [e](gone.md)\n"
    )
    said = list(dead_links(page, page.read_text()))
    assert [line.split(" links to ")[1].split(",")[0] for line in said] == ["other.md#gone", "#gone", "gone.md"]


def test_every_folder_with_code_has_a_line_and_lists_all_of_its_modules_or_none() -> None:
    """What a newcomer looks for is on the page, with a phrase; what the page lists is there."""
    tree = """
    garden/            plants things
        beds/          where they stand
        spade.py       digs
    shed/
        hose.py
"""
    beds, spade, hose = Path("garden/beds/rose.py"), Path("garden/spade.py"), Path("shed/hose.py")
    modules = [beds, spade, hose]
    assert list(missing_from_tree(tree, modules)) == [
        "docs/code.md does not say what shed is for",
        "docs/code.md does not say what shed/hose.py is for",
    ]
    tree = tree.replace("shed/", "shed/  keeps tools").replace("hose.py", "hose.py  waters")
    assert list(missing_from_tree(tree, modules)) == []
    assert list(missing_from_tree(tree, [*modules, Path("garden/rake.py"), Path("pond/fish.py")])) == [
        "docs/code.md lists modules of garden/ without rake.py",
        "docs/code.md has no line for pond/",
    ]
    assert list(missing_from_tree(tree, [beds, hose])) == ["docs/code.md lists garden/spade.py, which is not there"]
