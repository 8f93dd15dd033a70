"""Dots, funnel, Lorenz curve and calibration: what is drawn, at usual and at odd sizes."""

from __future__ import annotations

from datetime import date

import matplotlib.colors
import numpy as np
import pytest

from audit.plots import theme
from audit.plots.calibration import calibration
from audit.plots.cumulative import Aside, Line, cumulative
from audit.plots.dots import Bars, dots
from audit.plots.front import front
from audit.plots.funnel_plot import funnel_plot
from audit.plots.lorenz import lorenz


def words(figure) -> list[str]:
    figure.canvas.draw()
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def share(value: float) -> str:
    return f"{100 * value:.0f}%"


@pytest.mark.parametrize("rows", [1, 3, 25])
def test_dots_draw_every_row_in_order(rows):
    value = np.linspace(0.6, 0.3, rows)
    figure = dots(
        [f"D{i:02d}" for i in range(rows)], value, value - 0.05, value + 0.05, raw=value + 0.01,
        marked=np.arange(rows) == 0, centre=(0.45, 0.44, 0.46), centre_text="clinic 45%", goal=0.5, goal_text="goal",
        raw_text="raw", number=share, x="share",
    )
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == [f"D{i:02d}" for i in range(rows)]
    assert ax.get_yticks()[0] == rows - 1, "the first row is on top"
    assert {"clinic 45%", "goal", "raw"} <= set(words(figure))
    diamonds = [line for line in ax.lines if line.get_marker() == "D"]
    assert len(diamonds) == 1 and matplotlib.colors.same_color(diamonds[0].get_color(), theme.RUST)


def test_dots_with_bars_and_gaps():
    figure = dots(
        ["A", "B"], [0.4, np.nan], [0.3, np.nan], [0.5, np.nan], hollow=[True, False], counts=["480", "12"], counts_head="calls",
        number=share, width=theme.FULL, height=46,
        bars=Bars([100.0, np.nan], [50.0, np.nan], [150.0, np.nan], ["100", ""], "lost", str),
    )
    assert len(figure.axes) == 2 and {"480", "12", "calls", "100"} <= set(words(figure))


def test_funnel_names_only_the_marked():
    n, rate = np.array([50, 300, 320, 310, 900.0]), np.array([0.6, 0.3, 0.31, 0.45, np.nan])
    at = np.linspace(20, 950, 50)
    half = np.sqrt(0.24 / at)
    figure = funnel_plot(
        n, rate, names=list("abcde"), marked=[False, True, True, False, False], centre=0.4, centre_text="clinic 40%",
        limits_n=at, near=(0.4 - 2 * half, 0.4 + 2 * half), wide=(0.4 - 3 * half, 0.4 + 3 * half), limits_text="chance",
        x="patients", number=share,
    )
    told = words(figure)
    assert {"b", "c", "clinic 40%", "chance"} <= set(told) and not {"a", "d", "e"} & set(told)
    places = [text.get_position() for text in figure.axes[0].texts if text.get_text() in "bc"]
    assert places[0] != places[1]


def test_lorenz_tells_each_cut():
    patients = np.linspace(0, 1, 11)
    figure = lorenz(patients, np.sqrt(patients), cuts=(0.1, 0.4), number=share, among="of patients bring",
                    equal_text="equal", x="patients", y="revenue")
    assert {"10%", "32%", "40%", "63%"} <= set(words(figure))


@pytest.mark.parametrize("months", [1, 36])
def test_calibration_shades_the_held_out_months(months):
    days = [date(2014 + i // 12, i % 12 + 1, 1) for i in range(months)]
    level = np.full(months, 100.0)
    figure = calibration(
        days, level, level, level - 10, level + 10, held_out=np.arange(months) >= months - 6, month=lambda d: str(d.year),
        number=lambda v: f"{v:.0f}", y="visits", counted_text="counted", model_text="model", held_out_text="held out",
    )
    assert "held out" in words(figure)
    dots_drawn = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert len(dots_drawn[0].get_xdata()) == months


@pytest.mark.parametrize("units", [2, 12])
def test_front_names_every_unit_and_joins_the_best(units):
    across = np.linspace(3.6, 4.8, units)
    up = 100 + 10 * np.arange(units)[::-1]
    edge = np.arange(units) >= units - 2
    figure = front(
        np.c_[across, across - 0.1, across + 0.1], np.c_[up, up - 5, up + 5], names=[f"D{i:02d}" for i in range(units)],
        marked=edge, hollow=np.arange(units) == 0, on_front=edge, middle=(4.2, 150.0), middle_text="middle",
        front_text="nobody is better", hollow_text="review", x="rating", y="value", x_number=str, y_number=str,
    )
    said = words(figure)
    assert {f"D{i:02d}" for i in range(units)} <= set(said) and "middle" in said
    assert any("nobody is better" in text and "review" in text for text in said)
    (line,) = [line for line in figure.axes[0].lines if line.get_marker() == "None" and len(line.get_xdata()) == 2
               and matplotlib.colors.same_color(line.get_color(), theme.TEAL)]
    assert list(line.get_xdata()) == sorted(across[edge])


def test_ticks_that_would_read_alike_are_thinned():
    figure = dots(["all"], [1110.0], [981.0], [1240.0], number=lambda v: f"£{v / 1000:.1f}k")
    figure.canvas.draw()
    ticks = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert ticks and len(set(ticks)) == len(ticks)


def test_words_aside_stand_below_the_curves_drawn_not_below_the_axis():
    ages, value = np.arange(0.0, 181.0, 5.0), np.linspace(400.0, 1100.0, 37)
    unknown = np.full(37, np.nan)
    lines = [Line(value, value - 50, value + 50, "revenue"), Line(unknown, unknown, unknown, "margin")]
    figure = cumulative(ages, lines, marks=[90], aside=Aside(88, 720.0, "aside"), number_x=str, number_y=str, x="days", y="money")
    aside = next(text for text in figure.axes[0].texts if text.get_text() == "aside")
    assert aside.get_position()[1] > 500
