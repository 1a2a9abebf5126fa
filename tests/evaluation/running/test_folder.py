"""The folder of a run: whose it is, what it holds, and what cannot be read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval.cases import Case, Span
from eval.errors import EvaluationError, RunMismatch, UnreadableRun
from eval.running.folder import RunFolder, default_folder
from eval.running.logs import read_run
from eval.running.records import RepoSetup, RunSetup, Start, TaskSetup

TASK = TaskSetup("garden", "sizes", 1, 3, 3, 16, "c", "i", notes=[], packages=[])


def make_setup(arms: str = "none", **changes: object) -> RunSetup:
    """A set-up; what a test does not name is as in the others."""
    setup = RunSetup(
        model="stand-in/model",
        model_identity={"sha256": "c0de", "options": {"n_slots": 1}},
        seed=0,
        context_tokens=800,
        window_tokens=8192,
        max_tokens=None,
        limit=None,
        decisive={"prompt": "2"},
        repos=[RepoSetup("garden", "garden", "@worktree", None, "c0ffee")],
        starts=[Start("2026-01-01T00:00:00+00:00", arms.split(","), ["sizes"], "0", "", "", {}, {})],
    )
    return replace(setup, **changes)  # type: ignore[arg-type]


def test_a_set_up_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Every start is kept; arms and repositories of later ones are added."""
    folder = RunFolder(tmp_path / "run")
    folder.claim(make_setup())
    other = RepoSetup("shed", "shed", "HEAD", "abc", "beef")
    folder.claim(make_setup("none,oracle", repos=[other]))
    setup = folder.read_setup()
    assert setup.arms == ["none", "oracle"]
    assert [repo.name for repo in setup.repos] == ["garden", "shed"]
    assert setup.repos[1] == other
    assert setup.model_identity == make_setup().model_identity


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "other/model"}, "model was 'stand-in/model', is 'other/model'"),
        (
            {"model_identity": {"sha256": "c0de", "options": {"n_slots": 4}}},
            "model_identity.options.n_slots was 1, is 4",
        ),
        ({"decisive": {"prompt": "3"}}, "decisive.prompt was '2', is '3'"),
        ({"temperature": 0.5}, "temperature was 0.0, is 0.5"),
        (
            {"repos": [RepoSetup("garden", "garden", "@worktree", None, "beef")]},
            "garden: content was 'c0ffee', is 'beef'",
        ),
    ],
)
def test_another_configuration_is_refused(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    """The line names what differs, down to the part, with both values; the folder is as it was."""
    folder = RunFolder(tmp_path / "run")
    folder.claim(make_setup())
    before = (tmp_path / "run" / "run.json").read_text()
    with pytest.raises(RunMismatch, match=r"--out") as caught:
        folder.claim(make_setup(**changes))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "run" / "run.json").read_text() == before


def test_tasks_of_two_processes_join(tmp_path: Path) -> None:
    """Whoever adds a task does not lose another one's; the same task with other cases is refused."""
    one, other = RunFolder(tmp_path), RunFolder(tmp_path)
    one.claim(make_setup())
    other.claim(make_setup())
    case = Case("q1", "sizes", "size", "a.py", "line\u2028separator", "q")
    one.add_task(TASK, [case])
    other.add_task(replace(TASK, task="others"), [case])
    one.add_task(replace(TASK, notes=["said otherwise"], limit=1000), [case])  # the cases are the same
    assert [task.task for task in one.read_setup().tasks] == ["sizes", "others"]
    assert one.read_cases("garden", "sizes")[0].prompt == case.prompt
    with pytest.raises(RunMismatch, match="sizes on garden: cases was 'c', is 'd'"):
        one.add_task(replace(TASK, cases="d"), [replace(case, prompt="Another?")])


def test_cases_that_no_contrast_has_are_counted_where_a_run_is_read(tmp_path: Path) -> None:
    """Also before any is answered; what the folder holds of the task stays as it was."""
    folder = RunFolder(tmp_path)
    folder.claim(make_setup())
    case = Case("q1", "sizes", "size", "a.py", "?", "q", sources=[Span("a.py", 1, 2)])
    unanswerable = replace(case, id="q3", kind="unanswerable name", sources=[])
    folder.add_task(TASK, [case, replace(case, id="q2", sources=[]), unanswerable])
    [task] = read_run(tmp_path)[0].tasks
    assert (task.n_unanswerable, task.n_without_sources) == (1, 1)
    folder.add_task(task, [])
    assert folder.read_setup().tasks == [TASK]


def test_what_the_scorer_needs_of_a_case_may_change(tmp_path: Path) -> None:
    """What was asked stays as it is; the folder then holds the cases as they are scored now."""
    folder = RunFolder(tmp_path)
    folder.claim(make_setup())
    case = Case("q1", "sizes", "size", "a.py", "?", "q", sources=[], data={"tests": ["a"]})
    folder.add_task(TASK, [case])
    now = replace(case, data={"tests": ["b"]})
    folder.add_task(replace(TASK, cases="d"), [now])
    assert folder.read_cases("garden", "sizes") == [now]
    assert [task.cases for task in folder.read_setup().tasks] == ["d"]


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"scoring": {"code": "new"}},
        {"scoring": {"code": "old", "sandbox": "container", "python": "3.13.1"}, "packages": ["numpy==2.0"]},
    ],
)
def test_a_task_that_is_scored_otherwise_is_recorded_anew(tmp_path: Path, changes: dict[str, object]) -> None:
    """What was recorded is handed back, and told from the new by its name, which one start does not change."""
    folder = RunFolder(tmp_path)
    folder.claim(make_setup())
    before = replace(TASK, scoring={"code": "old"})
    now = replace(before, **changes)  # type: ignore[arg-type]
    assert folder.add_task(before, []) is None
    assert folder.add_task(before, []) is None
    assert folder.add_task(now, []) == before
    assert folder.read_setup().tasks == [now]
    assert len({"", before.scored_by, now.scored_by}) == 3


def test_a_record_from_before_scoring_was_recorded_is_read(tmp_path: Path) -> None:
    """Its scoring is unknown; and what a later version adds is passed over."""
    folder = RunFolder(tmp_path)
    folder.claim(make_setup())
    folder.add_task(TASK, [])
    fields = json.loads((tmp_path / "run.json").read_text())
    del fields["tasks"][0]["scoring"], fields["tasks"][0]["packages"]
    fields["tasks"][0]["weather"] = "fair"
    (tmp_path / "run.json").write_text(json.dumps(fields))
    [task] = folder.read_setup().tasks
    assert (replace(task, packages=[]), task.scored_by) == (TASK, "")


def test_a_folder_with_other_files_is_not_written_to(tmp_path: Path) -> None:
    """Somebody's files are not mixed with a run."""
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(EvaluationError, match="not empty"):
        RunFolder(tmp_path).claim(make_setup())
    assert not (tmp_path / "run.json").exists()


def test_a_record_that_could_not_be_written_does_not_take_the_folder(tmp_path: Path) -> None:
    """A start that was killed while it wrote leaves a part of it, and the same start goes on."""
    (tmp_path / "run.json.4711.part").write_text("{")
    assert RunFolder(tmp_path).claim(make_setup()).arms == ["none"]


def test_names_that_are_not_utf_8_are_read_as_they_were_written(tmp_path: Path) -> None:
    """A folder of this machine may be called anything."""
    setup = make_setup(repos=[RepoSetup("caf", "caf\udce9", "@worktree", None, "c0ffee")])
    RunFolder(tmp_path).claim(setup)
    assert RunFolder(tmp_path).read_setup().repos == setup.repos


def test_a_file_as_output_folder_is_one_line(tmp_path: Path) -> None:
    """An --out that cannot be a folder is an error that says so."""
    (tmp_path / "file").write_text("")
    with pytest.raises(EvaluationError, match="--out"):
        RunFolder(tmp_path / "file" / "run").claim(make_setup())


def test_what_holds_no_run_is_one_line(tmp_path: Path) -> None:
    """Reading what is no run says what to give instead."""
    with pytest.raises(UnreadableRun, match="quarry eval run"):
        RunFolder(tmp_path / "nothing").read_setup()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{broken", r"damaged\. Move .* away, which keeps its logs, and run the same command"),
        ("[]", "another version"),
        (json.dumps({"format_version": 99}), "another version"),
        (json.dumps({"format_version": 1, "model": "x"}), "damaged"),
    ],
)
def test_a_run_that_cannot_be_read_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    """A damaged record and one of another version are told apart, and each says what to do."""
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UnreadableRun, match=said) as caught:
        RunFolder(tmp_path).read_setup()
    assert "\n" not in str(caught.value)


def test_a_configuration_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """Arms do not make another one; a seed does. The name says what was run, in characters that every system takes."""
    one = default_folder(tmp_path, make_setup("none"))
    assert one == default_folder(tmp_path, make_setup("none,oracle"))
    assert one != default_folder(tmp_path, make_setup(seed=1))
    assert one.name.startswith("garden-stand-in-model-")
