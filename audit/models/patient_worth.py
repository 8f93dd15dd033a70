"""Worth of a first patient: money on the first day and after it, per patient, less direct cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.models.bootstrap import mean_interval


@dataclass(frozen=True)
class PatientWorth:
    """Mean money of the first day, of later days with bounds, of ``n`` patients, and their mean visits after the first day.

    ``later_share`` of outpatient money that comes after the first day; ``has_costs`` whether direct cost was taken off.
    """

    n: int
    first: float
    later: tuple[float, float, float]
    later_share: float
    later_visits: float
    has_costs: bool


def patient_worth(money: pd.DataFrame, *, less_costs: bool, fewest: int, level: float, seed: int) -> PatientWorth | None:
    """``money`` has one row per patient: first_money, later_money, later_surgery, first_cost, later_cost, later_visits.

    None of fewer than ``fewest`` patients, or where nothing was paid.
    """
    paid = money.first_money.sum() + money.later_money.sum()
    if len(money) < fewest or paid <= 0:
        return None
    cost = money[["first_cost", "later_cost"]].fillna(0.0) * float(less_costs)
    later = money.later_money - cost.later_cost
    outpatient = money.later_money.sum() - money.later_surgery.sum()
    return PatientWorth(
        n=len(money), first=float((money.first_money - cost.first_cost).mean()),
        later=(float(later.mean()), *mean_interval(later, level, seed)),
        later_share=float(outpatient / (money.first_money.sum() + outpatient)), later_visits=float(money.later_visits.mean()),
        has_costs=bool(np.any(cost.to_numpy() > 0)),
    )
