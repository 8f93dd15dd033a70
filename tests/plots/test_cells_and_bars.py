"""Heat map, bars, pyramid and dumbbell: what is drawn, not its pixels."""

from __future__ import annotations

import numpy as np
import pytest

from audit.plots import theme
from audit.plots.bars import bars
from audit.plots.dumbbell import dumbbell
from audit.plots.heatmap import Frame, heatmap
from audit.plots.pyramid import pyramid


def words(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def percent(value: float) -> str:
    return f"{100 * value:.0f}%"


def test_every_known_cell_carries_its_number():
    figure = heatmap([[0.4, np.nan], [0.9, 0.0]], rows=["Mon", "Tue"], columns=["9", "10"], text=percent, most=1)
    assert words(figure) == ["40%", "·", "90%", "0%"]
    colours = [text.get_color() for text in figure.axes[0].texts]
    assert colours[2] == "white" and colours[0] == theme.INK, "numbers stay readable on dark cells"


def test_frames_and_immature_cells():
    figure = heatmap(
        [[1.0, 2.0], [3.0, 4.0]], rows=["a", "b"], columns=["c", "d"], text=str, frames=[Frame(0, 1, 1, 1, "dashed")],
        hatched=[[False, False], [False, True]], row_notes=["", "closed"],
    )  # fmt: skip
    frames = [patch for patch in figure.axes[0].patches if patch.get_linewidth() == 1.8]
    assert [(p.get_x(), p.get_y(), p.get_width(), p.get_height()) for p in frames] == [(1, 0, 1, 2)]
    assert [patch for patch in figure.axes[0].patches if patch.get_hatch()]
    assert "closed" in words(figure)


def test_bars_stand_in_the_given_order_with_their_words():
    figure = bars(
        [0.4, 0.98, np.nan], names=["rooms", "ward", "other"], texts=["40%", "98%", "–"], low=[0.3, 0.9, np.nan],
        high=[0.5, 1.1, np.nan], accent=[False, True, False], track=1, ceiling=0.85, ceiling_text="ceiling",
        earlier=[0.2, np.nan, np.nan], earlier_text="before", tick=percent,
    )  # fmt: skip
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["rooms", "ward", "other"]
    assert words(figure) == ["40%", "98%", "–", "ceiling", "before"]
    assert axes.get_xlim()[1] >= 1.1, "a whisker beyond the track is shown whole"


def test_pyramid_draws_both_sexes_and_the_residents():
    figure = pyramid(
        [0.2, 0.3], [0.1, 0.4], edges=[0, 10, 20], bands=["0–9", "10–19"], left_name="Women", right_name="Men", tick=percent,
        left_line=[0.25, 0.25], right_line=[0.25, 0.25], line_name="residents", wash=(0, 18), wash_text="children",
    )  # fmt: skip
    widths = [patch.get_width() for patch in figure.axes[0].patches if patch.get_height() == pytest.approx(8.4)]
    assert widths == pytest.approx([-0.2, -0.3, 0.1, 0.4])
    assert {"Women", "Men", "residents", "children"} <= set(words(figure))


def test_dumbbell_shows_the_difference():
    figure = dumbbell(
        [0.06, 0.18, np.nan], [0.25, 0.08, np.nan], names=["a", "b", "c"], differences=["+19", "−10", ""],
        ring_name="patients", dot_name="revenue", tick=percent,
    )  # fmt: skip
    assert words(figure) == ["+19", "−10", "patients", "revenue"]


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_nothing_to_show_is_drawn_without_complaint(value):
    assert heatmap([[value]], rows=["a"], columns=["b"], text=percent)
    assert bars([value], names=["a"], texts=["–"])
    assert pyramid([value], [value], edges=[0, 10], bands=["0–9"], left_name="w", right_name="m", tick=percent)
    assert dumbbell([value], [value], names=["a"], differences=[""], ring_name="r", dot_name="d", tick=percent)
