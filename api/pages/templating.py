"""The Jinja2 environment: templates with everything escaped, and the few functions that they call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .addresses import file_url

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"


def render(template: str, **values: Any) -> str:
    """One template as HTML."""
    return _ENVIRONMENT.get_template(template).render(values)


def safe(html: str) -> Markup:
    """HTML that ``rendering`` or ``highlighting`` made, and that a template must not escape again."""
    return Markup(html)


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["seconds"] = lambda ms: f"{ms / 1000:.1f}\u00a0s" if ms >= 1000 else f"{ms:.0f}\u00a0ms"
    environment.filters["percent"] = lambda share: f"{share * 100:.0f}\u00a0%"
    environment.filters["plural"] = lambda n, word: f"{n:,} {word}{'' if n == 1 else 's'}"
    environment.globals["file_url"] = file_url
    return environment


_ENVIRONMENT = _make_environment()
