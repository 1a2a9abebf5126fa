"""Reports of finished or unfinished runs: a page, a JSON with every figure of it, a text, and two runs compared."""

from __future__ import annotations

from .compare import Comparison, to_text
from .records import Report, to_json
from .report import ReportPaths, compare_folders, make_report, write_report
from .text import to_markdown

__all__ = [
    "Comparison",
    "Report",
    "ReportPaths",
    "compare_folders",
    "make_report",
    "to_json",
    "to_markdown",
    "to_text",
    "write_report",
]
