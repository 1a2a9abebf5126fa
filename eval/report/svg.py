"""Matplotlib's figures as SVG that follows the page's colours: one picture for light, dark and print.

Shapes are drawn in stand-in colours, which are then replaced by CSS variables. The palette is that of M. Okabe and K.
Ito (Color Universal Design, 2008); every arm has a marker of its own beside it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from .figures import NONE, ORACLE, PLACEBO, RETRIEVAL

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Colour:
    """A CSS variable, its value on light and on dark ground, and what stands for it while drawing."""

    variable: str
    light: str
    dark: str
    stand_in: str


# What is drawn has a contrast of 3:1 or more with its ground, but for the faint rules (`line`); of the palette's
# light and dark colour of a hue, the fitting one is taken for each ground.
COLOURS: Mapping[str, Colour] = {
    colour.variable: colour
    for colour in (
        Colour("ink", "#1c2024", "#e8eaed", "#fe0001"),
        Colour("muted", "#5c6670", "#a3adb8", "#fe0002"),
        Colour("line", "#c9d0d6", "#3d4650", "#fe0003"),
        Colour("ground", "#ffffff", "#14181c", "#fe0004"),
        Colour("arm-none", "#5c6670", "#b4bcc5", "#fe0005"),
        Colour("arm-placebo", "#d55e00", "#e69f00", "#fe0006"),
        Colour("arm-retrieval", "#0072b2", "#56b4e9", "#fe0007"),
        Colour("arm-oracle", "#00805d", "#009e73", "#fe0008"),
        Colour("arm-other", "#a8508a", "#cc79a7", "#fe0009"),
    )
}
_MARKERS: Mapping[str, str] = {NONE: "o", PLACEBO: "s", RETRIEVAL: "D", ORACLE: "^"}
_OTHER_MARKERS = ("v", "P", "X", "<", ">", "p", "h", "*")
_FONT_POINTS = 9


def stand_in(variable: str) -> str:
    """The colour to draw with for a CSS variable."""
    return COLOURS[variable].stand_in


def arm_colour(arm: str) -> str:
    """The stand-in of an arm's colour."""
    return stand_in(f"arm-{arm}" if arm in _MARKERS else "arm-other")


def arm_marker(arm: str, others: list[str]) -> str:
    """An arm's marker; ``others`` are the arms without one of their own, in their order."""
    return _MARKERS[arm] if arm in _MARKERS else _OTHER_MARKERS[others.index(arm) % len(_OTHER_MARKERS)]


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches, drawn without a screen and without pyplot's global state."""
    import matplotlib
    from matplotlib.figure import Figure as NewFigure

    matplotlib.rc("svg", fonttype="none", hashsalt="quarry")  # text stays text; ids are the same in every run
    matplotlib.rc("font", size=_FONT_POINTS)
    return NewFigure(figsize=(width, height), layout="constrained", facecolor="none")


def to_svg(figure: Figure, key: str, title: str) -> str:
    """The figure as an ``<svg>`` to stand in a page: ``key`` makes its ids its own, ``title`` is read aloud."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None})
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'\s(?:xmlns(?::\w+)?|version|width|height)="[^"]*"', "", text, count=5)
    text = re.sub(r'\bid="', f'id="{key}-', text)
    text = text.replace("url(#", f"url(#{key}-").replace('xlink:href="#', f'href="#{key}-')
    text = re.sub(r"font: (\d[\d.]*px) [^;\"]*", r"font-size: \1", text)
    for colour in COLOURS.values():
        text = text.replace(colour.stand_in, f"var(--{colour.variable})")
    label = escape(title, quote=True)
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1).strip()


def as_file(svg: str) -> str:
    """An ``<svg>`` of ``to_svg`` as a file that stands alone, light or dark as its reader's screen is."""
    light = "".join(f"--{colour.variable}:{colour.light};" for colour in COLOURS.values())
    dark = "".join(f"--{colour.variable}:{colour.dark};" for colour in COLOURS.values())
    style = (
        f"<style>svg{{{light}background:var(--ground);font-family:sans-serif}}"
        f"@media(prefers-color-scheme:dark){{svg{{{dark}}}}}</style>"
    )
    head = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    cut = head.index(">") + 1
    return f"{head[:cut]}{style}{head[cut:]}\n"
