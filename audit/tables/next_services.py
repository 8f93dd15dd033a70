"""Next services: how many first visits with one service were followed by another (computed, never stored)."""

from __future__ import annotations

from datetime import date

from ibis import _
from ibis.expr.types import Table

from audit.tables.additional_services import FIRST_LETTERS


def next_services(charges: Table, first_visits: Table, *, start: date, end: date, days: int, fewest: int) -> Table:
    """Pairs of services in the order of time, by diagnosis: new patients of ``start`` … ``end`` (exclusive), each watched ``days``.

    One row per block of the first diagnosis (empty if not recorded), service ``first`` of the first day and other service
    ``then`` of a later day within ``days``, if both were sold there: patients, n_first, n_then and n_both (patients), and the
    same of all blocks together, which may be more than these rows add up to: all_patients, all_first, all_then, all_both. Pairs
    met by fewer than ``fewest`` patients are left out, and lines of no price: they come with a package and say nothing. ``end`` must lie ``days`` before the last record.
    """
    new = first_visits.filter(_.is_new, _.first_day >= start, _.first_day < end).select(
        "patient_id", "first_day", block=_.diagnosis.upper().left(FIRST_LETTERS).fill_null("")
    )
    sold = charges.filter(_.kind == "sale", _.service_id.notnull(), _.paid > 0).select("patient_id", "service_id", day="charged_on")
    dated = sold.inner_join(new, "patient_id").mutate(age=_.day.delta(_.first_day, unit="day"))
    at_first = dated.filter(_.age == 0).select("patient_id", "block", first="service_id").distinct()
    after = dated.filter(_.age > 0, _.age <= days).select("patient_id", then="service_id").distinct()
    met = at_first.inner_join(after, "patient_id").filter(_.first != _.then)
    both = met.group_by("block", "first", "then").aggregate(n_both=_.count())
    enough = both.group_by("first", "then").aggregate(all_both=_.n_both.sum()).filter(_.all_both >= fewest)
    firsts = at_first.group_by("block", "first").aggregate(n_first=_.count())
    firsts = firsts.mutate(all_first=_.n_first.sum().over(group_by="first"))
    thens = after.inner_join(new, "patient_id").group_by("block", "then").aggregate(n_then=_.count())
    thens = thens.mutate(all_then=_.n_then.sum().over(group_by="then"))
    everyone = new.group_by("block").aggregate(patients=_.count()).mutate(all_patients=_.patients.sum().over())
    rows = enough.inner_join(firsts, "first").inner_join(thens, ["then", "block"]).inner_join(everyone, "block")
    rows = rows.left_join(both, ["block", "first", "then"]).mutate(n_both=_.n_both.fill_null(0))
    counts = [f"{whole}_{part}" for whole in ("n", "all") for part in ("first", "then", "both")]
    return rows.select("block", "first", "then", "patients", "all_patients", *counts).order_by(["first", "then", "block"])
