"""Bills: what each visit and operation was charged and what was paid for it.

    paid(month, first | repeat) = basic lines + additional lines kept

Additional lines are drawn in excess and kept in random order until the money of the month is reached,
so monthly revenue is exact to less than one line. The over-treating doctor draws more of them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate import price_list
from audit.simulate.arrivals import in_test
from audit.simulate.days import AFTER_MONTH, BEFORE_MONTH, FIRST_MONTH, MONTHS, Days
from audit.simulate.path import Path
from audit.simulate.sampling import pick, spread
from audit.simulate.truth import Truth

LINES_DRAWN = 3.4
"""Additional lines drawn per visit: enough for the dearest month."""
DISCOUNTED, DISCOUNT = 0.12, 0.10
REFUNDED = 0.0025


def bills(truth: Truth, path: Path, visits: pd.DataFrame, calendar: Days, rng: Generator) -> pd.DataFrame:
    """Bill lines of outpatient visits: visit (row of visits), service_id, list_amount, paid, kind.

    ``visits`` needs ordinal, day, month, branch, doctor, first_doctor, class_number, diagnosis_group.
    """
    basic = _basic(truth, visits, calendar)
    discount = np.where(rng.random(len(visits)) < DISCOUNTED, DISCOUNT, 0.0)
    basic["paid"] = np.round(basic.list_amount * (1 - discount[basic.visit]))
    refunds = basic[rng.random(len(basic)) < REFUNDED].assign(kind="refund")
    refunds["paid"], refunds["list_amount"] = -refunds.paid, -refunds.list_amount
    extra = _additional(truth, path, visits, rng)
    extra["paid"] = np.round(extra.list_amount * (1 - discount[extra.visit]))
    fixed = pd.concat([basic, refunds], ignore_index=True)
    kept = extra[_within_budget(fixed, extra, visits, _budget(truth, path, visits, calendar, rng), rng)]
    return pd.concat([fixed, kept], ignore_index=True).sort_values("visit", kind="stable", ignore_index=True)


def pure_bills(truth: Truth, visits: pd.DataFrame, spend: np.ndarray) -> pd.DataFrame:
    """One line a visit with the given spend, for process G1."""
    service = np.where(visits.ordinal == 0, price_list.FIRST, price_list.REPEAT)
    paid = np.round(spend, 2)
    return pd.DataFrame(
        {"visit": np.arange(len(visits)), "service_id": service, "list_amount": paid, "paid": paid, "kind": "sale"}
    )


def basic_service(visits: pd.DataFrame) -> np.ndarray:
    """Code of the basic line of each visit."""
    first = (visits.ordinal == 0).to_numpy()
    return np.select(
        [first, visits.class_number == 2, visits.class_number == 4],
        [price_list.FIRST, price_list.COURSE, price_list.CONTROL],
        price_list.REPEAT,
    )


def _basic(truth: Truth, visits: pd.DataFrame, calendar: Days) -> pd.DataFrame:
    code = basic_service(visits)
    amount = price_list.price_of(code)
    tested = in_test(truth.price_test, calendar, visits.branch.to_numpy(), visits.day.to_numpy())
    amount = np.where((code == price_list.FIRST) & tested, truth.price_test.test_price, amount)
    return pd.DataFrame(
        {"visit": np.arange(len(visits)), "service_id": code, "list_amount": amount.astype(float), "kind": "sale"}
    )


def _additional(truth: Truth, path: Path, visits: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    before = np.r_[[d.receipt_factor_before for d in truth.doctors], 1.0]
    after = np.r_[[d.receipt_factor_after for d in truth.doctors], 1.0]
    shift = path.class_shift[visits.month]
    doctor = visits.first_doctor.to_numpy()
    factor = before[doctor] * (1 - shift) + after[doctor] * shift
    group = visits.diagnosis_group.map({g: i for i, g in enumerate(price_list.ALL)}).to_numpy()
    visit, _ = spread(rng.poisson(LINES_DRAWN * factor))
    service = pick(price_list.additional_weights()[group[visit]], rng.random(len(visit)))
    lines = pd.DataFrame({"visit": visit, "number": service}).drop_duplicates(ignore_index=True)
    code = np.array([s.code for s in price_list.ADDITIONAL], dtype=object)[lines.number]
    return pd.DataFrame(
        {
            "visit": lines.visit,
            "service_id": code,
            "kind": "sale",
            "list_amount": price_list.price_of(code).astype(float),
        }
    )


def _budget(truth: Truth, path: Path, visits: pd.DataFrame, calendar: Days, rng: Generator) -> np.ndarray:
    """Money of first and repeat visits by month, shape (48, 2)."""
    is_first = (visits.ordinal == 0).to_numpy()
    count = np.zeros((MONTHS, 2))
    np.add.at(count, (visits.month.to_numpy(), (~is_first).astype(int)), 1)
    before, after = truth.before, truth.after
    level = np.c_[np.full(MONTHS, before.first_receipt), np.full(MONTHS, before.repeat_receipt)]
    level[BEFORE_MONTH:, 0] += (after.first_receipt - before.first_receipt) * path.progress[BEFORE_MONTH:]
    level[BEFORE_MONTH:, 1] += (after.repeat_receipt - before.repeat_receipt) * path.progress[BEFORE_MONTH:]
    money = count * level * (1 + 0.008 * rng.standard_normal((MONTHS, 2)))
    stated = ~np.isnan(path.outpatient_revenue)
    money[stated] *= (path.outpatient_revenue / np.maximum(money.sum(axis=1), 1))[stated][:, None]
    for month in np.array([BEFORE_MONTH, AFTER_MONTH])[stated[[BEFORE_MONTH, AFTER_MONTH]]]:
        money[month] = path.outpatient_revenue[month] * np.array([1 / 3, 2 / 3])
    money[:FIRST_MONTH] = 0
    tested = is_first & in_test(truth.price_test, calendar, visits.branch.to_numpy(), visits.day.to_numpy())
    cut = np.bincount(visits.month[tested], minlength=MONTHS)
    cut = cut * (truth.price_test.list_price - truth.price_test.test_price)
    # stated money is there whatever the price; where it follows from visits, a lower price loses it
    return money + np.c_[-cut, np.where(stated, cut, 0)]


def _within_budget(
    fixed: pd.DataFrame, extra: pd.DataFrame, visits: pd.DataFrame, budget: np.ndarray, rng: Generator
) -> np.ndarray:
    group = visits.month.to_numpy() * 2 + (visits.ordinal != 0).to_numpy()
    spent = np.bincount(group[fixed.visit], weights=fixed.paid, minlength=2 * MONTHS)
    left = budget.ravel() - spent
    of = group[extra.visit]
    at = np.lexsort((rng.random(len(extra)), of))
    running = np.cumsum(extra.paid.to_numpy()[at])
    starts = np.flatnonzero(np.r_[True, of[at][1:] != of[at][:-1]])
    offset = np.r_[0.0, running][starts]
    lengths = np.diff(np.r_[starts, len(at)])
    keep = np.zeros(len(extra), bool)
    keep[at] = running - np.repeat(offset, lengths) <= left[of[at]]
    return keep
