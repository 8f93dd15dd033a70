"""Before and after: what is drawn, not its pixels."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from matplotlib.dates import date2num

from audit.plots import theme
from audit.plots.before_after import Panel, before_after

WEEKS = [date(2016, 1, 4) + timedelta(weeks=k) for k in range(30)]
AFTER = np.arange(30) >= 24


def panel(name: str, *, accent: bool = False) -> Panel:
    expected = np.where(AFTER, 100.0, np.nan)
    return Panel(name, "callers", WEEKS, np.where(AFTER, 130.0, 100.0), expected, expected - 10, expected + 10, lambda value: f"{value:.0f}", accent)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_each_change_has_its_panel_its_line_and_its_words(n: int) -> None:
    figure = before_after([panel(f"change {k}", accent=k == 0) for k in range(n)], month=lambda day: f"{day:%b %Y}", expected_words="without it")
    assert [ax.get_title(loc="left") or ax.get_title() for ax in figure.axes] == [f"change {k}" for k in range(n)]
    assert [sum(text.get_text() == "without it" for text in ax.texts) for ax in figure.axes] == [1] + [0] * (n - 1)
    for ax in figure.axes:
        lines = [line for line in ax.lines if len(set(line.get_xdata())) == 1]
        assert lines[0].get_xdata()[0] == pytest.approx(date2num(WEEKS[24]) - 0.5), "the line stands before the first week after"
        assert ax.get_ylim()[0] == 0
        assert [text.get_text() for text in ax.get_xticklabels()] == ["Jan 2016", "Jun 2016"]


def test_what_shows_is_rust_and_the_expected_stands_only_after() -> None:
    figure = before_after([panel("a", accent=True), panel("b")], month=str, expected_words="without it")
    for ax, color in zip(figure.axes, (theme.RUST, theme.NAVY), strict=True):
        dots = [line for line in ax.lines if line.get_marker() == "o"][-1]
        assert dots.get_color() == color and len(dots.get_xdata()) == 6
        dashed = next(line for line in ax.lines if line.get_linestyle() == "--")
        assert len(dashed.get_xdata()) == 6
