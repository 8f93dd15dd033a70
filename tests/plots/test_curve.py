"""The curve and its relatives draw what they are given: words at marks, washes where things were tried."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from audit.plots import theme
from audit.plots.curve import Dot, curve
from audit.plots.multiples import MOST, Line, Panel, multiples
from audit.plots.weekly import Span, Unit, weekly


def words(figure) -> set[str]:
    return {text.get_text() for ax in figure.axes for text in [*ax.texts, ax.title, ax._left_title]}


def number(value: float) -> str:
    return f"{value:g}"


def test_curve_has_its_range_its_dots_and_today():
    x = np.linspace(10, 20, 11)
    figure = curve(
        x, 100 / x, low=90 / x, high=110 / x, number_x=number, number_y=number, words_x="price", words_y="demand",
        tested=(12, 16), words_tested="tried", dots=[Dot(12, 8, "six weeks", True), Dot(16, 6)], today=(16, "today"), caption="−1",
    )
    assert {"tried", "six weeks", "today", "−1", "demand"} <= words(figure)
    assert figure.axes[0].get_xlim() == (10, 20)
    assert figure.get_size_inches()[0] == pytest.approx(theme.HALF * theme.MM)


def test_a_wide_band_does_not_flatten_the_line():
    x = np.linspace(1, 2, 5)
    figure = curve(x, x, low=x - 1000, high=x + 1000, number_x=number, number_y=number, words_x="", words_y="", zero_line=True)
    low, high = figure.axes[0].get_ylim()
    assert high - low < 10


def test_curve_survives_a_flat_line():
    x = np.linspace(1, 2, 5)
    figure = curve(x, 0 * x, low=0 * x, high=0 * x, number_x=number, number_y=number, words_x="", words_y="")
    low, high = figure.axes[0].get_ylim()
    assert low < high


def test_multiples_share_their_axes_and_stop_at_six():
    line = Line([0, 5, 10], [0, 4, 6], [0, 3, 5], [0, 5, 7], 0.5)
    panels = [Panel(f"channel {i}", "next 5", [1, 2], [1, 2], (2.0, 2.0), line if i == 0 else None, i == 0) for i in range(8)]
    figure = multiples(panels, number_x=number, number_y=number, words_x="spend")
    assert len(figure.axes) == MOST
    assert len({ax.get_ylim() for ax in figure.axes}) == 1
    assert "next 5" in words(figure)


def test_multiples_without_spend_do_not_divide_by_zero():
    figure = multiples([Panel("a", "", [], [], (0.0, 0.0))], number_x=number, number_y=number, words_x="")
    assert len(figure.axes) == 1


def test_weekly_shows_the_expected_only_inside_the_event():
    weeks = [date(2016, 1, 4) + timedelta(weeks=i) for i in range(20)]
    values = np.arange(20.0)
    figure = weekly(
        weeks, [Unit("South", values, values - 2, True), Unit("North", np.where(values < 3, np.nan, values))],
        spans=[Span(weeks[8], weeks[11] + timedelta(days=6), "test")], number=number, month=lambda d: d.strftime("%b"),
        words_y="calls", words_expected="expected",
    )
    ax = figure.axes[0]
    assert {"South", "North", "test", "expected"} <= words(figure)
    dashed = [line for line in ax.lines if line.get_linestyle() not in ("-",)]
    assert len(dashed) == 1 and len(dashed[0].get_xdata()) == 4
