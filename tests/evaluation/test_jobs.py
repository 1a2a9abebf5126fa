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


def test_only_the_standard_library_is_there(tmp_path: Path) -> None:
    """No package of the interpreter's own, so an answer that needs one fails wherever it is run."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    result, outcome = run_job(open_sandbox(unsafe=True), tmp_path / "work", [script], {"n": 1}, limits=Limits())
    assert result is not None, outcome
    assert result["job"] == {"n": 1} and not result["site"]
    assert not [path for path in result["path"] if path.endswith("-packages")]
