"""Scripts of ours in the sandbox: what they can import is the same on every machine."""

from __future__ import annotations

from pathlib import Path

from eval.sandbox import Limits, open_sandbox
from eval.tasks.jobs import run_job

SCRIPT = """
import json, sys
found = {"path": sys.path, "site": "site" in sys.modules, "job": json.load(sys.stdin)}
open("result.json", "w").write(json.dumps(found))
"""


FAILS = """
import json
place = f"{json.__name__} in {__file__} and <object object at {hex(id(json))}>"
open("result.json", "w").write(json.dumps({"message": place}))
raise SystemExit(place)
"""


def test_what_is_said_is_the_same_each_time(tmp_path: Path) -> None:
    """A model is told of it in its second try: no folder of the run, and no place in memory."""
    script = tmp_path / "script.py"
    script.write_text(FAILS)
    work = tmp_path / "wörk"
    result, outcome = run_job(open_sandbox(unsafe=True), work, [script], {}, limits=Limits())
    assert result == {"message": "json in script.py and <object object at 0x...>"}
    assert outcome.stderr.strip() == result["message"]


def test_only_the_standard_library_is_there(tmp_path: Path) -> None:
    """No package of the interpreter's own, so an answer that needs one fails wherever it is run."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    result, outcome = run_job(open_sandbox(unsafe=True), tmp_path / "work", [script], {"n": 1}, limits=Limits())
    assert result is not None, outcome
    assert result["job"] == {"n": 1} and not result["site"]
    assert not [path for path in result["path"] if path.endswith("-packages")]
