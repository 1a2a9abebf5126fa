"""Whether a language, or a browser, works in this sandbox, by a program that is known to be right.

Tools may be on the machine and not in the sandbox, as in a container: what fails there is no fault of an answer.
"""

from __future__ import annotations

from eval.sandbox import Sandbox

from .catalogue import Check, Problem
from .programs import write_program
from .running import run_program
from .toolchains import find_toolchain
from .web import look_at_page, missing_for_pages

_MARKER = "probe"
_CHECKS = (Check([1], 2), Check([-1], 0))
_ONE_MORE = Problem("one-more", "plain", "one_more", [("n", "int")], "int", "", (), _CHECKS, (), "", "", "")
_CODE = {
    "python": "def one_more(n):\n    return n + 1\n",
    "javascript": "function oneMore(n) { return n + 1; }\n",
    "java": "public class Solution { public static int oneMore(int n) { return n + 1; } }\n",
    "go": "package main\n\nfunc OneMore(n int) int { return n + 1 }\n",
    "rust": "pub fn one_more(n: i64) -> i64 { n + 1 }\n",
    "cpp": "int one_more(int n) { return n + 1; }\n",
}
_PAGE = "<!DOCTYPE html><title>Probe</title><p role=status></p><script>document.body.firstChild.append('here')</script>"


def why_missing(language: str, sandbox: Sandbox) -> str | None:
    """Why nothing can be asked in a language (``html`` for pages), or None. Raises SandboxError."""
    if language == "html":
        missing = missing_for_pages()
        if missing is not None:
            return missing
        report = look_at_page(sandbox, "probe", _PAGE, _MARKER)
    else:
        if find_toolchain(language) is None:
            return "its tools are not installed"
        files = write_program(_ONE_MORE, language, _CODE[language], _CHECKS, _MARKER)
        report = run_program(sandbox, language, files, _MARKER, len(_CHECKS))
    return None if report.passed else f"a right program fails in the sandbox ({report.reason})"
