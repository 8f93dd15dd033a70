"""Unseen share by hand."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.lag import unseen_share


def test_by_hand() -> None:
    assert unseen_share([5, 0, 10], [30, 50, 20], [0, 4, 5, 9, 10, 99]) == pytest.approx([0.5, 0.5, 0.2, 0.2, 0, 0])


def test_nothing_known() -> None:
    assert np.isnan(unseen_share([], [], [1, 2])).all()
