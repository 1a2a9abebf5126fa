"""A run's set-up for a reader: the commands that run it again, and what decided its answers, as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval.datasets import ABOUT, STANDARD_SUITE, find_pinned
from eval.running.records import BUILT_IN
from eval.tables import to_table

from .wording import write_commit

_SUITE = set(STANDARD_SUITE)


def write_commands(setup: Mapping[str, Any]) -> list[str]:
    """The commands that ask the same again, to be pasted into a shell; a repository that is not pinned by its name."""
    tasks_of: dict[str, list[str]] = {}
    for task in setup.get("tasks", ()):
        tasks_of.setdefault(str(task.get("repo", "")), []).append(str(task["task"]))
    begun = list(dict.fromkeys(name for repo, names in tasks_of.items() if repo != BUILT_IN for name in names))
    for repo in setup.get("repos", ()):  # one that was asked for and is not begun yet is a part of the command
        tasks_of.setdefault(str(repo.get("name", "")), begun)
    together: dict[tuple[str, ...], list[str]] = {}
    for repo, names in tasks_of.items():
        together.setdefault((*names, repo) if repo == BUILT_IN else tuple(names), []).append(repo)
    options = _write_options(setup)
    return [
        " ".join(["quarry eval run", *tasks_of[repos[0]], *_write_places(repos), *options])
        for repos in together.values()
        if tasks_of[repos[0]]
    ]


def describe_setup(setup: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What decided the answers and where they were made: (name, value), what is not known left out."""
    identity = dict(setup.get("model_identity") or {})
    starts = setup.get("starts", ())
    caps = {
        "tokens of code in a prompt": setup.get("context_tokens"),
        "tokens of prompt and answer": setup.get("window_tokens"),
        "tokens of an answer": setup.get("max_tokens"),
    }
    checksum, engine, engine_options = (identity.pop(name, "") for name in ("sha256", "engine", "options"))
    identity.pop("window_tokens", None)
    rows = [
        ("model", str(setup.get("model", ""))),
        ("SHA-256 of the model's file", str(checksum)),
        ("engine", "; ".join(filter(None, [str(engine), _write_pairs(engine_options or {})]))),
        ("what the model's server says", _write_pairs(identity)),
        ("arms", ", ".join(dict.fromkeys(arm for start in starts for arm in start.get("arms", ())))),
        ("caps", "; ".join(f"{value} {name}" for name, value in caps.items() if value)),
        ("seed", str(setup.get("seed", ""))),
        ("temperature", str(setup.get("temperature", ""))),
        ("answers to each case", str(setup.get("n_samples", ""))),
        *((_name_task(task), _describe_task(task)) for task in setup.get("tasks", ())),
        *(
            (f"scoring of {_name_task(task)}", _write_pairs(task.get("scoring") or {}))
            for task in setup.get("tasks", ())
        ),
        *((f"repository {repo.get('name')}", _describe_repo(repo)) for repo in setup.get("repos", ())),
        ("machine", _list_different(_describe_machine(start.get("machine") or {}) for start in starts)),
        ("sandbox", _list_different(str(start.get("sandbox", "")) for start in starts)),
        ("Quarry", _list_different(_describe_quarry(start) for start in starts)),
        ("prompts and search", _write_pairs(setup.get("decisive") or {})),
        ("libraries", _list_different(_write_pairs(start.get("versions") or {}) for start in starts)),
    ]
    return [(name, value) for name, value in rows if value]


def packages_table(setups: Sequence[Mapping[str, Any]]) -> str | None:
    """The repositories of all runs: how large, how new, and the hash of what is fetched. None where there is none."""
    repos = {str(repo.get("name")): repo for setup in setups for repo in setup.get("repos", ())}
    rows = []
    for name, repo in repos.items():
        pinned = find_pinned(name)
        if pinned is None:
            known = write_commit(str(repo.get("commit") or repo.get("content") or ""))
            rows.append([name, "", "", "", "", f"not pinned; at `{known}`"])
            continue
        about = ABOUT[pinned.name]
        when = f"{about.first_release}, {'after' if about.is_new else 'before'} the models"
        size = [f"{about.n_files}", f"{about.n_lines:,}"]
        rows.append([f"{pinned.name} {pinned.version}", *size, when, pinned.licence, f"`{pinned.sha256}`"])
    header = ["package", "Python files", "lines", "first released", "licence", "SHA-256 of the archive"]
    return to_table(header, rows) if rows else None


def find_notes(setups: Sequence[Mapping[str, Any]], model: str, repo: str, task: str) -> list[str]:
    """What the harvest of a task's cases said: tests that pass, what was left out and why. Of several runs the last."""
    found = [
        each.get("notes", ())
        for setup in setups
        if setup.get("model") == model
        for each in setup.get("tasks", ())
        if (each.get("repo"), each.get("task")) == (repo, task)
    ]
    return [str(note) for note in found[-1]] if found else []


def _write_places(repos: Sequence[str]) -> list[str]:
    pinned = [find_pinned(repo) for repo in repos]
    if {each.name for each in pinned if each is not None} == _SUITE and None not in pinned:
        return ["--suite standard"]
    return [
        f'--repo "$(quarry eval fetch {each.name})"' if each is not None else f"--repo {repo}"
        for repo, each in zip(repos, pinned, strict=True)
        if repo != BUILT_IN
    ]


def _write_options(setup: Mapping[str, Any]) -> list[str]:
    arms = list(dict.fromkeys(arm for start in setup.get("starts", ()) for arm in start.get("arms", ())))
    # What a run does not say is the task's own, greedy, once: 0, None and 1 sample need no option.
    wishes = ("limit", "context_tokens", "max_tokens", "temperature")
    return [
        *([f"--arms {','.join(arms)}"] if arms else []),
        f"--model {setup.get('model')}",
        *(f"--{name.replace('_', '-')} {setup[name]}" for name in wishes if setup.get(name)),
        *([f"--samples {setup['n_samples']}"] if setup.get("n_samples", 1) > 1 else []),
        f"--seed {setup.get('seed', 0)}",
    ]


def _name_task(task: Mapping[str, Any]) -> str:
    repo = task.get("repo")
    return str(task.get("task")) if repo == BUILT_IN else f"{task.get('task')} on {repo}"


def _describe_task(task: Mapping[str, Any]) -> str:
    parts = (("n_cases", "{} cases"), ("max_tokens", "answers of at most {} tokens"), ("version", "version {}"))
    return ", ".join(words.format(task[name]) for name, words in parts if task.get(name) is not None)


def _describe_repo(repo: Mapping[str, Any]) -> str:
    pinned = find_pinned(str(repo.get("name")))
    parts = [
        f"SHA-256 of the archive {pinned.sha256}" if pinned else "",
        f"commit {write_commit(str(repo['commit']))}" if repo.get("commit") else "",
        f"content {repo['content']}" if repo.get("content") else "",
    ]
    return ", ".join(filter(None, parts))


def _describe_machine(machine: Mapping[str, Any]) -> str:
    words = {"processor": "{}", "cores": "{} cores", "memory_gib": "{} GiB of memory", "system": "{}"}
    words |= {"architecture": "{}", "python": "Python {}"}
    return ", ".join(text.format(machine[name]) for name, text in words.items() if machine.get(name))


def _describe_quarry(start: Mapping[str, Any]) -> str:
    commit = write_commit(str(start.get("quarry_commit", "")))
    return " ".join(filter(None, [str(start.get("quarry_version", "")), f"at {commit}" if commit else ""]))


def _write_pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _list_different(values: Any) -> str:
    return "; ".join(dict.fromkeys(filter(None, values)))
