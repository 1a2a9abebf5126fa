"""Reads the files of the task: ``<name>.jsonl`` with questions, ``repos.json`` with the repositories of a suite.

Everything is checked when it is read; what is wrong is said with the file, the line and the reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from eval.errors import BadQueries
from indexer.errors import InputError
from indexer.home import check_name

from .records import RelevantPlace, RetrievalQuestion, SuiteRepository

REPOSITORIES_FILE = "repos.json"
NO_CATEGORY = "all"  # of a question that names none


def read_questions(path: Path) -> list[RetrievalQuestion]:
    """The questions of a JSONL file, one a line; blank lines are skipped. Raises BadQueries with the line's number."""
    questions = []
    for number, line in enumerate(_read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            questions.append(_parse_question(line, number))
        except _Wrong as wrong:
            raise BadQueries(f"{path}, line {number}: {wrong}.") from None
    if not questions:
        raise BadQueries(f"{path} holds no question: write one JSON object a line.")
    return questions


def read_suite(folder: Path) -> list[SuiteRepository]:
    """The repositories of a suite's ``repos.json``. Raises BadQueries with the entry's number."""
    path = folder / REPOSITORIES_FILE
    try:
        entries = json.loads(_read_text(path))
    except ValueError as error:
        raise BadQueries(f"{path} is not JSON: {error}.") from None
    if not isinstance(entries, list) or not entries:
        raise BadQueries(f"{path} must hold a list of repositories, at least one.")
    repositories: list[SuiteRepository] = []
    for number, entry in enumerate(entries, 1):
        try:
            repository = _parse_repository(entry)
        except (_Wrong, InputError) as wrong:
            raise BadQueries(f"{path}, entry {number}: {str(wrong).rstrip('.')}.") from None
        if any(repository.name == known.name for known in repositories):
            raise BadQueries(f"{path}, entry {number}: the name {repository.name!r} comes twice.")
        repositories.append(repository)
    return repositories


class _Wrong(Exception):
    """What is wrong with a line, without its place."""


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise BadQueries(f"Cannot read {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise BadQueries(f"{path} is not UTF-8 (byte {error.start}): write it again as UTF-8.") from error


def _parse_question(line: str, number: int) -> RetrievalQuestion:
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise _Wrong(f"not JSON ({error})") from None
    except RecursionError:
        raise _Wrong("not JSON that can be read (nested too deeply)") from None
    if not isinstance(fields, dict):
        raise _Wrong(f"a JSON object is needed, not {_kind(fields)}")
    query = _text(fields, "query")
    if not query.strip():
        raise _Wrong("the query is empty")
    if any("\ud800" <= char <= "\udfff" for char in query):
        raise _Wrong("the query is not UTF-8 text")
    if "relevant" not in fields:
        raise _Wrong('"relevant" is missing')
    relevant = fields["relevant"]
    if not isinstance(relevant, list):
        raise _Wrong(f'"relevant" must be a list, not {_kind(relevant)}')
    if not relevant:
        raise _Wrong('"relevant" is empty: name at least one file that answers the query')
    places = [_parse_place(place, position) for position, place in enumerate(relevant, 1)]
    category = _text(fields, "category") if "category" in fields else NO_CATEGORY
    return RetrievalQuestion(query, tuple(dict.fromkeys(places)), category or NO_CATEGORY, number)


def _parse_place(fields: Any, position: int) -> RelevantPlace:
    where = f"relevant place {position}: "
    if not isinstance(fields, dict):
        raise _Wrong(f"{where}a JSON object is needed, not {_kind(fields)}")
    try:
        path = _text(fields, "path")
        start, end = _line_number(fields, "start_line"), _line_number(fields, "end_line")
    except _Wrong as wrong:
        raise _Wrong(f"{where}{wrong}") from None
    path = path.removeprefix("./")
    if not path or path.startswith("/") or path.endswith("/") or ".." in path.split("/"):
        raise _Wrong(f"{where}{fields['path']!r} is no path of a file from the repository's root")
    if (start is None) != (end is None):
        raise _Wrong(f'{where}"start_line" and "end_line" go together: give both or neither')
    if start is not None and end is not None and end < start:
        raise _Wrong(f"{where}it ends at line {end}, before it starts at {start}")
    return RelevantPlace(path, start, end)


def _line_number(fields: Mapping[str, Any], key: str) -> int | None:
    value = fields.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Wrong(f'"{key}" must be a whole number, not {_kind(value)}')
    if value < 1:
        raise _Wrong(f'"{key}" is {value}: lines are counted from 1')
    return value


def _parse_repository(fields: Any) -> SuiteRepository:
    if not isinstance(fields, dict):
        raise _Wrong(f"a JSON object is needed, not {_kind(fields)}")
    optional = {key: _text(fields, key) for key in ("language", "url", "commit", "root") if key in fields}
    root = PurePosixPath(optional.get("root", "").strip("/")).as_posix()
    if ".." in root.split("/"):
        raise _Wrong(f'"root" is {root!r}: it must be a folder of the repository')
    optional["root"] = "" if root == "." else root
    return SuiteRepository(check_name(_text(fields, "name")), **optional)


def _text(fields: Mapping[str, Any], key: str) -> str:
    if key not in fields:
        raise _Wrong(f'"{key}" is missing')
    value = fields[key]
    if not isinstance(value, str):
        raise _Wrong(f'"{key}" must be text, not {_kind(value)}')
    return value


def _kind(value: Any) -> str:
    """What JSON calls the value."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "null")
