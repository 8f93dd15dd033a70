"""Treatment plans: how many procedures were planned for those who had some, made to fit what was done.

The visits are what they are; a plan only says how many procedures should have been. A random stream of its own
keeps everything else of the clinic as it is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.simulate.price_list import COURSE
from audit.simulate.truth import Truth

PRICE = 1500
STREAM = 77


def plans_table(truth: Truth, charges: pd.DataFrame) -> pd.DataFrame:
    """Canonical table plans, one line per plan of procedures of a course."""
    sold = charges[(charges.service_id == COURSE) & (charges.kind == "sale")]
    course = sold.sort_values(["patient_id", "charged_on", "charge_id"]).groupby("patient_id", sort=True)
    done, first, doctor = course.size(), course.charged_on.first(), course.doctor_id.first()
    rng, plan = np.random.default_rng([truth.seed, STREAM]), truth.plans
    count = done.to_numpy()
    stopped = count == plan.breaks_after
    chosen = (rng.random(len(count)) < plan.share) | stopped
    short = rng.random(len(count)) < np.where(stopped, plan.broken, plan.dropped)
    more = 1 + rng.integers(0, plan.most_more, len(count))
    planned = count + np.where(short, more, 0)
    return pd.DataFrame({
        "plan_id": [f"TP{k + 1:05d}" for k in range(int(chosen.sum()))], "patient_id": done.index.to_numpy(object)[chosen],
        "doctor_id": doctor.to_numpy(object)[chosen], "planned_on": first.to_numpy(object)[chosen], "service_id": COURSE,
        "planned": planned[chosen].astype(float), "amount": PRICE * planned[chosen].astype(float), "cancelled_on": None,
    })
