"""A run's set-up for a reader: the commands that run it again, and what decided its answers, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eval.datasets import ABOUT, STANDARD_SUITE, find_pinned
from eval.running.records import BUILT_IN, WEIGHTS, RepoSetup, RunSetup, Start, TaskSetup
from eval.tables import to_table
from eval.tasks import is_published

from .wording import write_commit

_SUITE = set(STANDARD_SUITE)


def write_commands(setup: RunSetup) -> list[str]:
    """The commands that ask the same again, to be pasted into a shell; a repository that is not pinned by its name."""
    tasks_of: dict[str, list[str]] = {}
    for task in setup.tasks:
        tasks_of.setdefault(task.repo, []).append(task.task)
    begun = list(dict.fromkeys(name for repo, names in tasks_of.items() if repo != BUILT_IN for name in names))
    for repo in setup.repos:  # one that was asked for and is not begun yet is a part of the command
        tasks_of.setdefault(repo.name, begun)
    together: dict[tuple[str, ...], list[str]] = {}
    for name, tasks in tasks_of.items():
        together.setdefault((*tasks, name) if name == BUILT_IN else tuple(tasks), []).append(name)
    options = _write_options(setup)
    return [
        " ".join(
            ["quarry eval run", *tasks_of[repos[0]], *_write_places(repos), *_write_data(tasks_of[repos[0]]), *options]
        )
        for repos in together.values()
        if tasks_of[repos[0]]
    ]


def describe_setup(setup: RunSetup) -> list[tuple[str, str]]:
    """What decided the answers and where they were made: (name, value), what is not known left out."""
    identity = dict(setup.model_identity)
    checksum, engine, engine_options = (identity.pop(name, "") for name in ("sha256", "engine", "options"))
    identity.pop("window_tokens", None)
    caps = {
        "tokens of code in a prompt": setup.context_tokens,
        "tokens of prompt and answer": setup.window_tokens,
        "tokens of an answer": setup.max_tokens,
    }
    rows = [
        ("model", setup.model),
        ("SHA-256 of the model's file", str(checksum)),
        ("engine", "; ".join(filter(None, [str(engine), _write_pairs(engine_options or {})]))),
        (
            "hosted model, as its provider names it" if WEIGHTS in identity else "what the model's server says",
            _write_pairs(identity),
        ),
        ("arms", ", ".join(setup.arms)),
        ("caps", "; ".join(f"{value} {name}" for name, value in caps.items() if value)),
        ("seed", str(setup.seed)),
        ("temperature", str(setup.temperature)),
        ("answers to each case", str(setup.n_samples)),
        *((_name_task(task), _describe_task(task)) for task in setup.tasks),
        *((f"scoring of {_name_task(task)}", _write_pairs(task.scoring)) for task in setup.tasks),
        *((f"repository {repo.name}", _describe_repo(repo)) for repo in setup.repos),
        ("machine", _list_different(_describe_machine(start.machine) for start in setup.starts)),
        ("sandbox", _list_different(start.sandbox for start in setup.starts)),
        ("Quarry", _list_different(_describe_quarry(start) for start in setup.starts)),
        ("prompts and search", _write_pairs(setup.decisive)),
        ("libraries", _list_different(_write_pairs(start.versions) for start in setup.starts)),
    ]
    return [(name, value) for name, value in rows if value]


def packages_table(setups: Sequence[RunSetup]) -> str | None:
    """The repositories of all runs: how large, how new, and the hash of what is fetched. None where there is none."""
    repos = {repo.name: repo for setup in setups for repo in setup.repos}
    rows = []
    for name, repo in repos.items():
        pinned = find_pinned(name)
        if pinned is None:
            rows.append([name, "", "", "", "", f"not pinned; at `{write_commit(repo.commit or repo.content)}`"])
            continue
        about = ABOUT[pinned.name]
        when = f"{about.first_release}, {'after' if about.is_new else 'before'} the models"
        size = [f"{about.n_files}", f"{about.n_lines:,}"]
        rows.append([f"{pinned.name} {pinned.version}", *size, when, pinned.licence, f"`{pinned.sha256}`"])
    header = ["package", "Python files", "lines", "first released", "licence", "SHA-256 of the archive"]
    return to_table(header, rows) if rows else None


def find_notes(setups: Sequence[RunSetup], model: str, repo: str, task: str) -> Sequence[str]:
    """What the harvest of a task's cases said: tests that pass, what was left out and why. Of several runs the last."""
    found = [
        each.notes
        for setup in setups
        if setup.model == model
        for each in setup.tasks
        if (each.repo, each.task) == (repo, task)
    ]
    return found[-1] if found else []


def _write_places(repos: Sequence[str]) -> list[str]:
    pinned = [find_pinned(repo) for repo in repos]
    if {each.name for each in pinned if each is not None} == _SUITE and None not in pinned:
        return ["--suite standard"]
    return [
        f'--repo "$(quarry eval fetch {each.name})"' if each is not None else f"--repo {repo}"
        for repo, each in zip(repos, pinned, strict=True)
        if repo != BUILT_IN
    ]


def _write_data(tasks: Sequence[str]) -> list[str]:
    """Where the reader's own copy of published sets goes."""
    return ["--data YOUR_COPY"] if any(map(is_published, tasks)) else []


def _write_options(setup: RunSetup) -> list[str]:
    # What a run does not say is the task's own, greedy, once: 0, None and 1 sample need no option.
    wishes = {
        "limit": setup.limit,
        "context-tokens": setup.context_tokens,
        "max-tokens": setup.max_tokens,
        "temperature": setup.temperature,
    }
    return [
        *([f"--arms {','.join(setup.arms)}"] if setup.arms else []),
        f"--model {setup.model}",
        *(f"--{name} {value}" for name, value in wishes.items() if value),
        *([f"--samples {setup.n_samples}"] if setup.n_samples > 1 else []),
        f"--seed {setup.seed}",
    ]


def _name_task(task: TaskSetup) -> str:
    return task.task if task.repo == BUILT_IN else f"{task.task} on {task.repo}"


def _describe_task(task: TaskSetup) -> str:
    return f"{task.n_cases} cases, answers of at most {task.max_tokens} tokens, version {task.version}"


def _describe_repo(repo: RepoSetup) -> str:
    pinned = find_pinned(repo.name)
    parts = [
        f"SHA-256 of the archive {pinned.sha256}" if pinned else "",
        f"commit {write_commit(repo.commit)}" if repo.commit else "",
        f"content {repo.content}" if repo.content else "",
    ]
    return ", ".join(filter(None, parts))


def _describe_machine(machine: Mapping[str, Any]) -> str:
    words = {"processor": "{}", "cores": "{} cores", "memory_gib": "{} GiB of memory", "system": "{}"}
    words |= {"architecture": "{}", "python": "Python {}"}
    return ", ".join(text.format(machine[name]) for name, text in words.items() if machine.get(name))


def _describe_quarry(start: Start) -> str:
    commit = write_commit(start.quarry_commit)
    return " ".join(filter(None, [start.quarry_version, f"at {commit}" if commit else ""]))


def _write_pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _list_different(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, values)))
