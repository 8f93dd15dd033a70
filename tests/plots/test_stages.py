"""Stages, columns and control charts: the marks say what the numbers say."""

from __future__ import annotations

import numpy as np
import pytest

from audit.plots.columns import columns
from audit.plots.control import Panel, control
from audit.plots.stages import stages


def _texts(figure) -> list[str]:
    return [text.get_text() for ax in figure.axes for text in ax.texts if text.get_text()]


def _inside(figure) -> bool:
    """No words are cut off at the edge of the picture."""
    figure.canvas.draw()
    frame = figure.bbox.padded(3)
    boxes = [text.get_window_extent() for ax in figure.axes for text in ax.texts if text.get_text()]
    return all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)


REASONS = ["", "17% never reached anybody, 7 in 10 of these at 17–20 h", "45% did not book", "25% did not come"]


def test_bars_are_in_proportion():
    figure = stages([400, 300, 90, 60], names=list("abcd"), counts=["400", "300", "90", "60"],
                    lost=["", "−100", "−210", "−30"], reasons=REASONS, strong=[False, True, False, False])
    bars = figure.axes[0].patches
    light, dark = bars[:4], bars[4:]
    assert dark[2].get_width() / dark[0].get_width() == pytest.approx(90 / 400)
    assert light[2].get_width() == pytest.approx(dark[1].get_width())
    assert "−210" in _texts(figure)
    assert _inside(figure)


@pytest.mark.parametrize("counts", [[0, 0, 0, 0], [5, 5, 5, 5], [100_000, 3, 2, np.nan], [10, 20, 5, 1]])
def test_odd_stages_are_drawn(counts):
    words = ["–" if np.isnan(n) else f"{n:,.0f}" for n in counts]
    figure = stages(counts, names=["A long name of a step", "b", "c", "d"], counts=words, lost=["", "−1", "", "−2"], reasons=REASONS)
    assert _inside(figure)


def test_columns_show_the_part_and_mark_the_peak():
    figure = columns([100, 200, np.nan], [10, 50, np.nan], names=["9", "10", "11"], texts=["10", "25", ""],
                     accent=[False, True, False], key="dark: missed", x_label="hour", tick=lambda v: f"{v:.0f}")
    bars = figure.axes[0].patches
    assert [bar.get_height() for bar in bars] == [100, 200, 0, 10, 50, 0]
    assert bars[4].get_facecolor() != bars[3].get_facecolor()
    assert _inside(figure)


def test_many_columns_thin_their_names():
    figure = columns(np.ones(48), np.zeros(48), names=[f"{i:02d}:00" for i in range(48)], texts=[""] * 48)
    assert len(figure.axes[0].get_xticks()) < 30


@pytest.mark.parametrize("units", [1, 4, 8])
def test_control_has_a_panel_for_each(units):
    at = np.arange(10)
    values = np.full(10, 0.4)
    values[7] = 0.95
    panels = [
        Panel(f"{i}", at, values, np.full(10, 0.2), np.full(10, 0.6), 0.4, at > 8, accent=i == 1) for i in range(units)
    ]
    figure = control(panels, span=10, ends=("Jul", "Dec"), goal=0.5, goal_text="goal 50%", tick=lambda v: f"{v:.0%}")
    assert sum(ax.get_visible() for ax in figure.axes) == units
    assert _texts(figure) == ["goal 50%"]


def test_control_of_one_week_and_of_none():
    one = Panel("A", [0], [0.5], [0.1], [0.9], 0.5, [True])
    none = Panel("B", [0], [np.nan], [np.nan], [np.nan], 0.5, [False])
    assert control([one, none], span=1, ends=("Dec", "Dec")).axes
