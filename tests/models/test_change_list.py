"""List of changes: rows as clinics write them, by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from audit.models.change_list import UNITS, change_list

DAY = date(2016, 5, 2)


def listed(*rows: dict) -> pd.DataFrame:
    columns = ["event", "kind", "from_day", "to_day", "assigned", *UNITS]
    return pd.DataFrame([{"kind": "price", "from_day": DAY, **row} for row in rows]).reindex(columns=columns)


def read(*rows: dict):
    return change_list(listed(*rows), start=date(2016, 1, 1), end=date(2017, 1, 1), outcome=lambda name, kind: "callers" if kind == "price" else None)


def test_whom_it_concerned_is_the_narrowest_that_is_named() -> None:
    (change,) = read({"event": "Offer", "branch": "North", "doctor_id": "D1; D2 ,D3"}).changes
    assert change.unit == "doctor_id" and change.units == {"D1", "D2", "D3"}


def test_rows_that_say_the_same_again_are_counted_and_left_out() -> None:
    found = read({"event": "Offer"}, {"event": "Offer"}, {"event": "Offer", "branch": "North"})
    assert found.repeated == 1 and len(found.changes) == 2


def test_the_same_name_on_another_day_is_another_change_and_by_lot_one_that_was_switched() -> None:
    later = DAY + timedelta(days=70)
    ends = [{"event": "Offer", "from_day": start, "to_day": start + timedelta(days=6)} for start in (DAY, later)]
    assert [change.name for change in read(*ends).changes] == [f"Offer, {DAY}", f"Offer, {later}"]
    (one,) = read(*[{**row, "assigned": "by_lot"} for row in ends]).changes
    assert one.name == "Offer" and [start for start, _ in one.spells] == [DAY, later]


def test_changes_of_one_name_and_day_have_names_of_their_own() -> None:
    found = read({"event": "Offer"}, {"event": "Offer", "kind": "desk"}, {"event": "Offer", "branch": "North"}, {"event": "Other"})
    assert {change.name for change in found.changes} == {f"Offer, {DAY}, price", f"Offer, {DAY}, price, North", "Other"}
    assert [name for name, _, _ in found.left] == [f"Offer, {DAY}, desk"]
    assert len(found.outcomes) == 3


def test_what_cannot_be_looked_at_says_why_in_order_of_time() -> None:
    found = read(
        {"event": "Late", "from_day": date(2017, 1, 1)}, {"event": "Back", "to_day": DAY - timedelta(days=1)},
        {"event": "Call", "kind": "reactivation"}, {"event": "Audit", "kind": "other"},
    )
    assert not found.changes
    assert [(name, reason) for name, _, reason in found.left] == [
        ("Audit", "no_outcome"), ("Back", "ends_before_it_starts"), ("Call", "reactivation"), ("Late", "outside"),
    ]
