"""Trend, waterfall, tornado and gantt: what is drawn, not its pixels."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from audit.plots import theme
from audit.plots.gantt import Job, gantt
from audit.plots.tornado import tornado
from audit.plots.trend import OtherLine, UsualRange, trend
from audit.plots.waterfall import Whisker, waterfall

MONTHS = [date(2015 + i // 12, i % 12 + 1, 1) for i in range(24)]


def words(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def number(value: float) -> str:
    return f"{value:.0f}"


def signed(value: float) -> str:
    return f"{value:+.0f}"


def month(day: date) -> str:
    return f"{day:%b %Y}"


def test_trend_names_its_lines_and_its_range():
    usual = UsualRange(MONTHS[0], MONTHS[12], 10.0, 8.0, 12.0, "usual range")
    figure = trend(
        MONTHS, np.arange(24.0), number=number, month=month, ranges=[usual], others=[OtherLine("costs", np.arange(24.0) / 2)],
        words="revenue", marks=[date(2016, 3, 14)], marks_text="changed", events=[(date(2016, 1, 1), "new site")],
        marked=np.arange(24) > 20,
    )  # fmt: skip
    assert {"usual range", "costs", "revenue", "changed", "new site"} <= set(words(figure))
    assert any(line.get_color() == theme.RUST and line.get_marker() == "o" for line in figure.axes[0].lines)
    event = next(line for line in figure.axes[0].lines if line.get_linestyle() != "-" and len(set(line.get_xdata())) == 1)
    assert event.get_xdata()[0] == pytest.approx(2016 * 12 - 0.5), "an event on the first lies before that month's dot"


@pytest.mark.parametrize("n", [2, 7, 24])
def test_trend_has_few_month_labels_and_leaves_gaps(n):
    values = np.where(np.arange(n) == 1, np.nan, 5.0)
    figure = trend(MONTHS[:n], values, number=number, month=month, from_zero=True, width=theme.HALF)
    assert 1 <= len(figure.axes[0].get_xticklabels()) <= 5
    assert figure.axes[0].get_ylim()[0] == 0


def test_waterfall_meets_its_total_and_hatches_what_is_taken_off():
    figure = waterfall(["a", "b"], [30.0, -10.0], start=("today", 50.0), end="after", number=number, signed=signed,
                       whisker=Whisker(60.0, 85.0))  # fmt: skip
    bars = figure.axes[0].patches
    assert sorted(round(bar.get_height(), 9) for bar in bars) == [-10, 30, 50, 70]
    assert [bar.get_hatch() for bar in bars if bar.get_height() == -10] == ["////"]
    assert {"50", "+30", "-10", "70", "60", "85"} <= set(words(figure))
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["today", "a", "b", "after"]


def test_small_steps_on_large_totals_cut_the_axis():
    figure = waterfall(["a"], [1.0], start=("today", 100.0), end="after", number=number, signed=signed)
    assert figure.axes[0].get_ylim()[0] > 90
    assert waterfall(["a"], [60.0], start=("today", 100.0), end="after", number=number, signed=signed).axes[0].get_ylim()[0] == 0


def test_waterfall_of_a_loss_shows_zero():
    figure = waterfall([], [], start=("today", -5.0), end="after", number=number, signed=signed)
    assert figure.axes[0].get_ylim()[0] < -5 and figure.axes[0].get_ylim()[1] > 0


def test_tornado_is_sorted_by_swing():
    figure = tornado(["small", "wide"], [-1.0, -9.0], [1.0, 5.0], signed=signed, ranges=["1–2", "3–4"])
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["wide\n3–4", "small\n1–2"]
    assert {"-9", "+5", "-1", "+1"} <= set(words(figure))


def test_tornado_shows_the_widest_only():
    figure = tornado([str(i) for i in range(12)], -np.arange(12.0), np.arange(12.0), signed=signed, most=8)
    assert len(figure.axes[0].get_yticklabels()) == 8


def test_gantt_hatches_tests_and_marks_checks():
    figure = gantt([Job("call back", 0, 4, 5), Job("price", 8, 8, 17, is_test=True)], week="week", check="look")
    assert [bar.get_hatch() for bar in figure.axes[0].patches] == [None, "////"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["call back", "price"]
    assert "◆ look" in words(figure) and figure.axes[0].get_xlim()[1] > 17
