"""Reliability: every group a dot with its interval, those off the line in rust and named."""

from __future__ import annotations

import numpy as np
import pytest

from audit.plots import theme
from audit.plots.reliability import reliability

WORDS = {"x": "chance", "y": "came", "agree": "line", "off": "off", "number": lambda v: f"{v:.0%}"}


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_groups_off_the_line_are_rust():
    figure = reliability([0.1, 0.5], [0.12, 0.3], [0.08, 0.25], [0.16, 0.35], **WORDS)
    ax = figure.axes[0]
    dots = {line.get_color(): line.get_xydata() for line in ax.lines if line.get_marker() == "o"}
    assert dots[theme.NAVY] == pytest.approx(np.array([[0.1, 0.12]])) and dots[theme.RUST] == pytest.approx(np.array([[0.5, 0.3]]))
    assert texts(figure) == ["line", "off"]
    assert ax.get_xlim() == ax.get_ylim()


def test_nothing_is_called_off_when_all_keep_their_word():
    figure = reliability([0.9], [0.95], [0.85], [1.0], **WORDS)
    assert texts(figure) == ["line"] and figure.axes[0].get_xlim()[1] == 1
