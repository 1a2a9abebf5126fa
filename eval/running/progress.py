"""How far a run is, and how long it still takes: by arm, since an answer with code takes longer than one without."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean

import click

from eval.cases import Result
from eval.tables import count_noun
from indexer.progress import Progress as IndexProgress

_MIN_SECONDS_BETWEEN_LINES = 10.0


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far one task on one repository is, in answers. ``n_kept`` of them were known before.

    ``seconds_left`` and ``model_seconds_left``, its part that the model takes, are None before there is a new answer.
    ``n_errors`` answers failed. ``tally`` is each arm's right answers and how many count, which errors and unanswerable
    questions do not.
    """

    title: str
    n_done: int
    n: int
    n_kept: int
    n_errors: int
    seconds_left: float | None
    model_seconds_left: float | None
    tally: Mapping[str, tuple[int, int]]


OnProgress = Callable[[RunProgress], None]


class ProgressCounter:
    """Counts results, and estimates the rest by the means of each arm's new answers."""

    def __init__(self, title: str, n_cases: int, arms: Sequence[str]) -> None:
        self._title, self._n = title, n_cases * len(arms)
        self._left = dict.fromkeys(arms, n_cases)
        self._seconds: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._kept = dict.fromkeys(arms, 0)
        self._tally = dict.fromkeys(arms, (0, 0))
        self._n_errors = 0

    def add(self, result: Result, seconds: float) -> RunProgress:
        """Take in a result that took ``seconds`` by the clock."""
        self._left[result.arm] -= 1
        is_new = [attempt for attempt in result.attempts if not attempt.is_cached]
        if result.score.verdict == "error":
            self._n_errors += 1
        elif is_new:
            model_seconds = sum(attempt.seconds for attempt in is_new)
            is_first = not any(self._seconds.values())  # it waits for libraries and the engine, which no other does
            self._seconds[result.arm].append((model_seconds if is_first else seconds, model_seconds))
        else:
            self._kept[result.arm] += 1
        if result.score.verdict != "error" and not result.is_unanswerable:
            n_right, n = self._tally[result.arm]
            self._tally[result.arm] = (n_right + result.score.is_correct, n + 1)
        total, model = self._estimate()
        n_done, n_kept = self._n - sum(self._left.values()), sum(self._kept.values())
        return RunProgress(
            title=self._title,
            n_done=n_done,
            n=self._n,
            n_kept=n_kept,
            n_errors=self._n_errors,
            seconds_left=total,
            model_seconds_left=model,
            tally=dict(self._tally),
        )

    def describe_time(self, seconds: float) -> str:
        """What the model took of ``seconds``, a line for after the run; empty where nothing new was asked.

        The rest is the harness: searching, running answers, looking up kept ones, writing logs.
        """
        taken = [model for pairs in self._seconds.values() for _, model in pairs]
        if not taken or seconds <= 0:
            return ""
        answers, share = count_noun(len(taken), "new answer"), sum(taken) / seconds
        return (
            f"{self._title}: {answers} in {format_seconds(seconds)}, of which the model took "
            f"{format_seconds(sum(taken))} ({100 * share:.1f} %)"
        )

    def _estimate(self) -> tuple[float | None, float | None]:
        known = [pair for pairs in self._seconds.values() for pair in pairs]
        if not known:
            return None, None
        total = model = 0.0
        for arm, n_left in self._left.items():
            if self._kept[arm] and not self._seconds[arm]:
                continue  # its answers were all known so far: they take next to nothing
            pairs = self._seconds[arm] or known
            total += n_left * fmean(pair[0] for pair in pairs)
            model += n_left * fmean(pair[1] for pair in pairs)
        return total, model


@dataclass(frozen=True, slots=True)
class Display:
    """Where a run tells the user how far it is, and what else there is to say, a line at a time."""

    update: OnProgress
    say: Callable[[str], None]


@contextmanager
def show_progress() -> Iterator[Display]:
    """A bar with the time left on a terminal; a line every ten seconds elsewhere. All of it on standard error."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield Display(_print_lines(), lambda line: click.echo(line, err=True))
        return
    from rich.progress import BarColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
    with Bar(*columns, console=console, transient=True) as bar:
        shown = bar.add_task("preparing", total=None, words="")

        def update(progress: RunProgress) -> None:
            words = _describe(progress)
            bar.update(shown, description=progress.title, total=progress.n, completed=progress.n_done, words=words)

        yield Display(update, lambda line: bar.console.print(line, markup=False, highlight=False, soft_wrap=True))


def print_indexing(say: Callable[[str], None]) -> Callable[[IndexProgress], None]:
    """Indexing takes seconds mostly: a line only when it takes longer, then one every ten seconds."""
    last_seconds = 0.0

    def update(progress: IndexProgress) -> None:
        nonlocal last_seconds
        if progress.elapsed_seconds - last_seconds >= _MIN_SECONDS_BETWEEN_LINES:
            last_seconds = progress.elapsed_seconds
            say(f"indexing: {progress.n_files_done:,}/{progress.n_files:,} files")

    return update


def _print_lines() -> OnProgress:
    last = time.monotonic()

    def update(progress: RunProgress) -> None:
        nonlocal last
        if time.monotonic() - last >= _MIN_SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            click.echo(f"{progress.title}: {_describe(progress)}", err=True)

    return update


def _describe(progress: RunProgress) -> str:
    parts = [f"{progress.n_done}/{progress.n} answers"]
    if progress.n_kept:
        parts.append(f"{progress.n_kept} known before")
    if progress.n_errors:
        parts.append(f"{progress.n_errors} failed")
    if progress.seconds_left is not None and progress.model_seconds_left is not None:
        left, model = format_seconds(progress.seconds_left), format_seconds(progress.model_seconds_left)
        parts.append(f"{left} left (the model: {model})")
    right = ", ".join(f"{arm} {n_right} of {n}" for arm, (n_right, n) in progress.tally.items() if n)
    return ", ".join(parts) + (f"; right so far: {right}" if right else "")


def format_seconds(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
