"""Workload: totals are hours × rate, and the months sum to the jobs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.models.workload import Task, jobs, months

RATES = {"desk": 10.0, "medical": 40.0}


def test_a_job_is_hours_times_rate():
    tasks = [
        Task("a", "train", "desk", "once", 12, start=2, weeks=4),
        Task("a", "review", "medical", "month", 3, start=0, weeks=1),
        Task("b", "call", "desk", "week", 2, start=40, weeks=3, end=45),
    ]
    frame = jobs(tasks, RATES)
    assert frame["hours"].tolist() == pytest.approx([12, 36, 10])
    assert frame["cost"].tolist() == pytest.approx([120, 1440, 100])
    by_month = months(tasks, RATES).set_index("month")
    assert by_month.loc[1, "hours"] > 3 and by_month.loc[10, "hours"] > by_month.loc[9, "hours"] == pytest.approx(3, rel=0.35)


@given(st.lists(st.tuples(st.sampled_from(["once", "week", "month"]), st.sampled_from(sorted(RATES)), st.floats(0.5, 40),
                          st.integers(0, 20), st.integers(1, 12)), max_size=6))  # fmt: skip
def test_months_sum_to_the_jobs(drawn):
    tasks = [Task("a", "call", role, every, hours, start, weeks) for every, role, hours, start, weeks in drawn]
    frame, by_month = jobs(tasks, RATES), months(tasks, RATES)
    for column in ("hours", "cost"):
        assert by_month[column].sum() == pytest.approx(frame[column].sum())
    assert (frame["hours"] * frame["rate"]).sum() == pytest.approx(frame["cost"].sum())


def test_work_without_a_rate_has_hours_and_no_cost():
    frame = jobs([Task("a", "call", "it", "once", 5, 0, 1)], RATES)
    assert frame["hours"].tolist() == [5] and np.isnan(frame["cost"]).all()
    assert isinstance(jobs([], RATES), pd.DataFrame) and months([], RATES)["hours"].sum() == 0
