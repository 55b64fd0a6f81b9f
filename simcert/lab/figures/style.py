"""How figures look: four colours, ink of the page, and SVG that a page can make dark.

Ink and colours leave matplotlib as hex values and enter the page as CSS variables with these
values as fallback, so one drawing serves a light page, a dark one, print, and a notebook.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcert.errors import MachineError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT = "#010203", "#7b8088"
BLUE, RED, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
"""Okabe and Ito: told apart by most colour-blind eyes, contrast above 3 on white and on dark."""

_VARIABLES = {
    INK: "currentColor",
    FAINT: f"var(--faint,{FAINT})",
    BLUE: f"var(--blue,{BLUE})",
    RED: f"var(--red,{RED})",
    GREEN: f"var(--green,{GREEN})",
    PURPLE: f"var(--purple,{PURPLE})",
}
_FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif"
WIDE, NARROW = (9.6, 9.0), (4.6, 10.5)  # inches, and points of text that this width can carry

SAVED: dict[str, dict[str, Any]] = {
    "svg": {"metadata": {"Date": None}},
    "png": {"dpi": 160, "metadata": {"Software": None}},
}
_LOOK: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "simcert",
    "text.parse_math": False,  # a name may hold any sign
    "text.color": INK,
    "text.usetex": False,
    "font.family": ["DejaVu Sans"],
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
    "grid.color": FAINT,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "savefig.facecolor": "none",
}


@contextmanager
def look(size: float = NARROW[1]) -> Iterator[None]:
    """Draw in the house style, text of `size` points, whatever the user's own settings are."""
    import matplotlib as mpl

    small = {f"{axis}tick.labelsize": size * 0.92 for axis in "xy"}
    text = {"font.size": size, "axes.labelsize": size, "legend.fontsize": size * 0.95}
    settings: Any = {**_LOOK, **text, **small}
    with mpl.rc_context(settings):
        yield


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure; pyplot, and with it any window system, stays out of it."""
    return _shown_figure()(figsize=(width, height), layout="constrained")


@cache
def _shown_figure() -> type["Figure"]:
    """Return a figure that a notebook shows by itself, without pyplot or a magic command."""
    from matplotlib.figure import Figure

    class ShownFigure(Figure):
        """A figure; as the last value of a notebook cell it is an image."""

        def _repr_png_(self) -> bytes:
            image = io.BytesIO()
            with look():
                self.savefig(image, format="png", dpi=110, facecolor="white")
            return image.getvalue()

    return ShownFigure


def clean(axes: "Axes", *, left: bool = False) -> None:
    """Take away what carries no information: tick marks, and the left spine unless wanted."""
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(left)


def to_svg(figure: "Figure", prefix: str, label: str) -> str:
    """Return inline SVG, always the same bytes; ids begin with `prefix`, `label` is read aloud."""
    with look():
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    return _inline(text.getvalue(), prefix, label)


def _inline(drawn: str, prefix: str, label: str) -> str:
    body = drawn[drawn.index("<svg") :].rstrip()
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.S)
    body = re.sub(r"<defs>\s*</defs>", "", body)
    body = re.sub(r"font-family: [^;\"]*", _FONT, body)
    body = re.sub(r'\bid="', f'id="{prefix}-', body)
    body = re.sub(r"url\(#", f"url(#{prefix}-", body)
    body = re.sub(r'xlink:href="#', f'xlink:href="#{prefix}-', body)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, variable)
    body = re.sub(r">\s+<", "><", body)
    box = re.search(r'viewBox="[^"]*"', body)
    opening = f'<svg class="figure" role="img" aria-label="{escape(label)}" {box and box.group()}'
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"{opening} {names}>{body[body.index('>') + 1 :]}"


def save(figure: "Figure", folder: Path, name: str) -> None:
    """Write a figure as SVG and PNG on a white ground; MachineError if that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with look():
            for suffix, options in SAVED.items():
                figure.savefig(folder / f"{name}.{suffix}", facecolor="white", **options)
    except OSError as error:
        raise MachineError(f"{folder}: cannot be written: {error.strerror}") from error
