"""Small drawings of the page: a figure as an image, intervals of a column as lines on one scale."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from audit.plots import theme

INCH = 96
"""CSS pixels."""

_PATH = re.compile(rb' d="[^"]*"')
_LONG_NUMBER = re.compile(rb"(\.\d\d)\d+")

NAVY, RUST, GREY = theme.NAVY, "#B23A10", theme.MUTED


@dataclass(frozen=True)
class Image:
    """A drawn figure: an SVG as data URI and its size in CSS pixels."""

    source: str
    width: int
    height: int


def image(figure: Figure) -> Image:
    """``figure`` as an image; the same figure gives the same bytes."""
    width, height = figure.get_size_inches()
    source = "data:image/svg+xml;base64," + base64.b64encode(svg(figure)).decode()
    return Image(source, round(width * INCH), round(height * INCH))


def svg(figure: Figure) -> bytes:
    """The drawing without date and maker; paths to a hundredth of a point, which halves the file."""
    buffer = io.BytesIO()
    with theme.rc():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _PATH.sub(lambda path: _LONG_NUMBER.sub(rb"\1", path.group()), buffer.getvalue())


@dataclass(frozen=True)
class Line:
    """An interval drawn on a scale of ``width`` millimetres; ``zero`` is None when it lies outside."""

    low: float
    value: float
    high: float
    zero: float | None
    width: float
    colour: str
    hollow: bool
    label: str


@dataclass(frozen=True)
class Scale:
    """A common scale for the intervals of a column."""

    low: float
    high: float
    width: float = 30.0
    margin: float = 1.6

    @property
    def shows_zero(self) -> bool:
        """Zero lies on it."""
        return self.low <= 0 <= self.high

    def at(self, value: float) -> float:
        """Where ``value`` lies, in millimetres."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.margin + min(max(share, 0.0), 1.0) * (self.width - 2 * self.margin), 2)

    def line(self, low: float, value: float, high: float, *, label: str = "", signs: bool = False) -> Line:
        """The interval on this scale; with ``signs`` the colour and a hollow dot say on which side of zero it lies."""
        sure = low > 0 or high < 0
        colour = NAVY if not signs or low > 0 else RUST if high < 0 else GREY
        zero = self.at(0.0) if self.shows_zero else None
        return Line(self.at(low), self.at(value), self.at(high), zero, self.width, colour, signs and not sure, label)


def scale_of(lows: Sequence[float], highs: Sequence[float], *, width: float = 30.0) -> Scale | None:
    """The scale that holds every known interval, or None if there is none."""
    low = min((v for v in lows if math.isfinite(v)), default=math.nan)
    high = max((v for v in highs if math.isfinite(v)), default=math.nan)
    return Scale(low, high, width) if high > low else None
