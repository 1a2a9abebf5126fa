"""A pytest plugin that makes calls again, in a new process. A copy runs in the repository's own interpreter.

So it imports nothing of ours and keeps to what Python 3.9 knows. ``CALLS`` is set in the copy, see ``recording``:
what is to be imported from which module, and the call as the question shows it.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
from pathlib import Path
from typing import Any

SECONDS = 5  # of one call: what takes longer is left out
CALLS: list[dict[str, str]] = []  # each with id, module, name and expression


def pytest_sessionfinish() -> None:
    """Make each call twice, on new arguments, and write one line each: both values, or why there is none.

    In another folder and with another home than it was recorded in, which a value may not depend on.
    """
    signal.signal(signal.SIGALRM, _give_up)
    path = Path(os.environ["QUARRY_OUTPUT"]) / "replayed.jsonl"
    elsewhere = path.parent.with_name("elsewhere")
    elsewhere.mkdir(exist_ok=True)
    os.environ["HOME"] = str(elsewhere)
    with path.open("w", encoding="utf-8") as file:
        for call in CALLS:
            line: dict[str, Any] = {"id": call["id"], "values": [], "problem": ""}
            try:
                first = call["name"].split(".")[0]
                names = {first: getattr(importlib.import_module(call["module"]), first)}
                os.chdir(elsewhere)
                signal.alarm(SECONDS)
                for _ in range(2):
                    line["values"].append(repr(eval(call["expression"], dict(names))))
            except BaseException as error:  # other people's code, even one that exits
                line["problem"] = f"{type(error).__name__}: {error}"[:200]
            finally:
                signal.alarm(0)
            file.write(json.dumps(line) + "\n")
            file.flush()


def _give_up(*_: Any) -> None:
    raise TimeoutError(f"no answer within {SECONDS} s")
