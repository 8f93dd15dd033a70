"""What the simulated clinic's tests count with: derived tables as frames, once."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

MONTHS = ("2015-12", "2016-12")


@pytest.fixture(scope="session")
def counted(demo_clinic, demo_tables) -> SimpleNamespace:
    """Derived tables and completed appointments of the full clinic, each with a column month."""
    first = demo_tables["first_visits"].to_pandas()
    days = demo_tables["patient_days"].to_pandas().astype({"revenue": float, "surgery_revenue": float})
    opened = demo_tables["opportunities"].to_pandas()
    appointments = demo_clinic.tables["appointments"]
    first["month"] = _month(pd.to_datetime(first.first_day))
    days["month"] = _month(pd.to_datetime(days.day))
    opened["month"] = _month(opened.opened_at)
    came = appointments[appointments.status == "completed"]
    return SimpleNamespace(
        first=first,
        days=days,
        opened=opened,
        came=came.assign(month=_month(came.starts_at)),
        new=first[first.is_new],
        answered=opened[opened.is_answered],
        tables=demo_clinic.tables,
        hidden=demo_clinic.hidden,
    )


def _month(moments: pd.Series) -> pd.Series:
    return moments.dt.strftime("%Y-%m")


@pytest.fixture(scope="session", params=(0, 1), ids=MONTHS)
def anchor(request, demo_truth):
    """The truth of December 2015, then of December 2016."""
    return demo_truth.anchors()[request.param]
