"""A log of visits given as arrays, counted by the engine as in an audit, for tests of models of repeat visits."""

from __future__ import annotations

from datetime import timedelta

import ibis
import numpy as np
import pandas as pd

from audit.analyses.outlook import _histories, _in_weeks
from audit.models import repeat_visits
from audit.models.outlook import Base
from audit.models.repeat_visits import Held
from audit.tables import repeat_histories
from audit.tables.connection import connect
from audit.tables.new_patients import EPOCH


class Log:
    """Patients with their ``first`` days (N,) and repeat visits (``owner`` and ``day``, (E,)), days from 0."""

    def __init__(self, first: np.ndarray, owner: np.ndarray, day: np.ndarray, last: int, gap_days: int = 0) -> None:
        self.first, later = np.asarray(first), day > np.asarray(first)[owner]
        rows = pd.DataFrame({"owner": np.r_[np.arange(len(first)), owner[later]], "at": np.r_[first, day[later]]})
        rows = rows.drop_duplicates().sort_values(["owner", "at"], ignore_index=True)
        days = pd.DataFrame({
            "patient_id": "p" + rows["owner"].astype(str), "day": [EPOCH + timedelta(days=int(at)) for at in rows["at"]],
            "tenure_day": rows["at"].to_numpy() - self.first[rows["owner"]], "visits": 1, "revenue": 100.0, "surgery_revenue": 0.0,
        })
        new = pd.DataFrame({"patient_id": [f"p{i}" for i in range(len(first))], "owner": np.arange(len(first)), "first": first})
        self.connection = connect()
        tables = [self.connection.create_table(name, ibis.memtable(frame)) for name, frame in (("days", days), ("new", new))]
        counted = repeat_histories.transactions(*tables, end=EPOCH + timedelta(days=last), gap_days=gap_days)
        self.days = self.connection.create_table("transactions", counted)

    def held(self, split: int, end: int) -> Held:
        rows = repeat_histories.histories(self.days, at=split, end=end)
        frame, cells = rows.order_by("owner").to_pandas(), repeat_histories.cells(rows).to_pandas()
        starts = repeat_histories.starts_by_day(self.days, known_before=split).to_pandas()
        before = starts[starts["day"] < split]
        curve = repeat_visits.cohort_curve(age=before["age_days"] / 7, count=before["count"], watched=frame["age_days"] / 7)
        return Held(
            _histories(cells), _in_weeks(frame), frame["later"].to_numpy(), (end - split) / 7, curve,
            frame["visits"].sum() / max(frame["frequency"].sum(), 1), int(frame["later_visits"].sum()),
        )

    def base(self, end: int) -> Base:
        rows = repeat_histories.histories(self.days, at=end, end=end)
        frame, cells = rows.order_by("owner").to_pandas(), repeat_histories.cells(rows).to_pandas()
        return Base(_histories(cells), _in_weeks(frame), frame["visits"].to_numpy(float), frame["paid"].to_numpy(float))
