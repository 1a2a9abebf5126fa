"""Files of published sets that are missing, misplaced or damaged: each is said with its line and reason."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.errors import HarvestError
from eval.tasks.base import TaskInput
from eval.tasks.published.items import find_file, read_items

_FIELDS = {"id": str, "code": str}


def test_without_data_the_line_says_what_to_give(give: Callable[..., TaskInput]) -> None:
    """The option, and the file that is wanted."""
    with pytest.raises(HarvestError, match=r"--data \(cruxeval.jsonl\)"):
        find_file(give(None), "cruxeval", ["*.jsonl"], "cruxeval.jsonl")


def test_a_folder_without_the_file_is_named(give: Callable[..., TaskInput], tmp_path: Path) -> None:
    """And what the file would be called."""
    with pytest.raises(HarvestError, match=r"holds no file of cruxeval.*cruxeval\*\.jsonl"):
        find_file(give(tmp_path), "cruxeval", ["cruxeval*.jsonl"], "cruxeval.jsonl")


def test_packed_files_and_empty_lines_are_read(tmp_path: Path) -> None:
    """By what they hold, whatever their name says."""
    lines = [json.dumps({"id": "1", "code": "x"}), "", json.dumps({"id": "2", "code": "y"}), ""]
    (tmp_path / "set.jsonl").write_bytes(gzip.compress("\n".join(lines).encode()))
    assert [(item.id, item.line, item["code"]) for item in read_items(tmp_path / "set.jsonl", _FIELDS, "id")] == [
        ("1", 1, "x"),
        ("2", 3, "y"),
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'{"id": "1", "code": "x"}\n{"id": "2"\n', "line 2: no JSON"),
        (b'["id"]\n', "line 1: no JSON object"),
        (b'{"id": "1"}\n', "line 1: the field `code` is missing"),
        (b'{"id": "1", "code": 7}\n', "line 1: the field `code` is no str"),
        (b'{"id": "1", "code": ""}\n{"id": "1", "code": ""}\n', "line 2: id 1 is that of line 1 too"),
        (b"\n", "holds no items"),
        (b"\xff\xfe", "no UTF-8 text"),
        (gzip.compress(b"{}" * 1000)[:20], "damaged gzip file"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, data: bytes, told: str) -> None:
    """One line, without a traceback."""
    (tmp_path / "set.jsonl").write_bytes(data)
    with pytest.raises(HarvestError, match=told) as caught:
        read_items(tmp_path / "set.jsonl", _FIELDS, "id")
    assert str(tmp_path / "set.jsonl") in str(caught.value) and "\n" not in str(caught.value)
