"""The clinic's services and prices.

A visit is billed one basic line (first visit, repeat visit or a procedure of a course) and, by
diagnosis, additional ones. The first visit's list price is the same in all years but for the price
test; nothing else changes price, so growth of the receipt is growth of additional services.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.simulate.truth import Truth
from audit.simulate.truth_parts import EVERYWHERE

SPECIALTY = "ENT"


@dataclass(frozen=True)
class Service:
    """A line of the price list; ``price`` in roubles, ``groups`` the diagnosis groups it is offered to."""

    code: str
    name: str
    kind: str
    price: int
    minutes: int
    groups: tuple[str, ...] = ()
    weight: float = 1.0


ALL = ("J35", "J32", "J34", "H65", "J31", "H90", "J03", "other")
NOSE, EAR, THROAT = ("J32", "J34", "J31", "J35"), ("H65", "H90", "other"), ("J35", "J03", "other")
FIRST, REPEAT, COURSE, CONTROL = "A01", "A02", "P01", "A03"
SERVICES = (
    Service(FIRST, "First ENT visit", "consultation", 2500, 30),
    Service(REPEAT, "Repeat ENT visit", "consultation", 1700, 30),
    Service(CONTROL, "Visit before or after an operation", "consultation", 1500, 30),
    Service(COURSE, "Procedure of a course", "procedure", 1500, 30),
    Service("D01", "Endoscopy of nose and throat", "diagnostics", 1900, 30, ALL, 2.0),
    Service("D02", "Audiometry", "diagnostics", 1400, 30, EAR, 1.6),
    Service("D03", "Tympanometry", "diagnostics", 900, 30, EAR, 1.2),
    Service("D04", "Rhinomanometry", "diagnostics", 1200, 30, NOSE, 0.8),
    Service("D05", "Ultrasound of the sinuses", "diagnostics", 1000, 30, ("J32", "J31"), 1.0),
    Service("D06", "Swab and culture", "diagnostics", 1300, 30, THROAT, 1.0),
    Service("P02", "Sinus lavage by displacement", "procedure", 1200, 30, ("J32", "J31"), 1.5),
    Service("P03", "Tonsil lavage", "procedure", 1600, 30, THROAT, 1.4),
    Service("P04", "Ear lavage and dressing", "procedure", 900, 30, EAR, 1.4),
    Service("P05", "Laser therapy", "procedure", 1100, 30, ALL, 0.9),
    Service("P06", "Physiotherapy session", "procedure", 800, 30, ALL, 0.9),
    Service("P07", "Nasal block with medicine", "procedure", 1700, 30, NOSE, 0.6),
    Service("O01", "Adenotomy", "operation", 70_000, 90),
    Service("O02", "Septoplasty", "operation", 70_000, 90),
    Service("O03", "Sinus surgery", "operation", 70_000, 90),
    Service("O04", "Tonsillectomy", "operation", 70_000, 90),
    Service("O05", "Ear surgery", "operation", 70_000, 90),
    Service("W01", "Stay on the ward, included", "ward", 0, 1440),
)
ADDITIONAL = tuple(service for service in SERVICES if service.groups)
OPERATION_OF = {"J34": "O02", "J32": "O03", "J31": "O03", "H65": "O05", "H90": "O05", "J03": "O04", "other": "O03"}
COST_SHARE = 0.32
"""Doctor's pay and supplies of one service over its price."""


def services_table() -> pd.DataFrame:
    """Canonical table services."""
    return pd.DataFrame(
        [
            {
                "service_id": s.code,
                "name": s.name,
                "kind": s.kind,
                "specialty": SPECIALTY,
                "is_first_visit": s.code == FIRST,
                "minutes": float(s.minutes),
                "direct_cost": round(s.price * COST_SHARE),
            }
            for s in SERVICES
        ]
    )


def prices_table(truth: Truth) -> pd.DataFrame:
    """Canonical table prices: the first visit by branch with the price test, the rest for all branches."""
    start, test = pd.Timestamp("2014-01-01"), truth.price_test
    first_day, last_day = pd.Timestamp(test.from_day), pd.Timestamp(test.to_day)
    one_day = pd.Timedelta(days=1)
    rows: list[tuple[object, ...]] = [
        (s.code, None, start, None, s.price) for s in SERVICES if s.code != FIRST and s.price
    ]
    branches = ("Branch 1", "Branch 2")
    for branch in branches if test.branch == EVERYWHERE else (test.branch,):
        rows += [
            (FIRST, branch, start, first_day - one_day, test.list_price),
            (FIRST, branch, first_day, last_day, test.test_price),
            (FIRST, branch, last_day + one_day, None, test.list_price),
        ]
    rows += [(FIRST, branch, start, None, test.list_price) for branch in branches if test.branch not in (branch, EVERYWHERE)]
    frame = pd.DataFrame(rows, columns=["service_id", "branch", "valid_from", "valid_to", "price"])
    return frame.sort_values(["service_id", "branch", "valid_from"], ignore_index=True)


def price_of(code: np.ndarray) -> np.ndarray:
    """List price of each service code, roubles."""
    table = pd.Series({s.code: s.price for s in SERVICES})
    return table.reindex(code).to_numpy()


def additional_weights() -> np.ndarray:
    """How likely each additional service is for each diagnosis group, shape (8, additional services)."""
    weights = np.array([[s.weight if group in s.groups else 0.03 for s in ADDITIONAL] for group in ALL])
    return weights / weights.sum(axis=1, keepdims=True)
