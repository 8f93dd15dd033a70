"""Data quality: are the exports good enough to answer each question?

Question   Which numbers of this report rest on solid records, and which questions can these data answer?
Method     Counts: rows by month, filled cells, keys that find their partner, bills against the ledger.
Reads      every table the clinic has; exports and checks as intake wrote them down.
Cannot say Whether a complete record is also a true one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.plots import theme
from audit.plots.heatmap import Frame, heatmap
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.wording import Labels

FIGURES = ("coverage",)
DAYS = {
    "appointments": "starts_at", "charges": "charged_on", "enquiries": "started_at", "shifts": "starts_at",
    "ad_spend": "from_day", "site_traffic": "from_day", "expenses": "month", "feedback": "given_on",
}
"""Tables that should have rows in every month, and the column that dates them."""
KEY_FIELDS = {
    "patients": ("age_years", "sex", "registered_on", "phone_key"),
    "doctors": ("specialty",),
    "services": ("kind", "direct_cost"),
    "appointments": ("doctor_id", "minutes", "booked_at", "diagnosis", "payer"),
    "charges": ("appointment_id", "service_id", "doctor_id"),
    "rooms": ("opens_minute", "weekdays"),
    "shifts": ("ends_at",),
    "enquiries": ("caller_key", "channel", "administrator_id", "intent"),
    "ad_spend": ("clicks",),
    "site_traffic": ("visitors",),
    "expenses": ("group",),
    "feedback": ("doctor_id",),
    "prices": ("price",), "events": ("from_day",), "competitors": ("price",), "population": ("people",),
    "campaign_members": ("group",), "plans": ("amount",),
}
"""What the analyses read beyond the columns a table cannot do without."""
UNREAD = "values_emptied"
"""The check that counts values which could not be understood."""
QUESTIONS = {
    "capacity": (("appointments",), ("rooms", "shifts")),
    "profile": (("patients", "appointments"), ("population",)),
    "clv": (("appointments", "charges"), ()),
    "doctors": (("appointments", "charges"), ("shifts", "feedback")),
    "price": (("prices", "enquiries"), ("competitors",)),
    "channels": (("enquiries", "ad_spend"), ("site_traffic",)),
    "funnel": (("enquiries", "appointments"), ("site_traffic",)),
    "administrators": (("enquiries",), ("shifts",)),
    "finance": (("charges", "expenses"), ("services", "events")),
    "growth": (("charges", "enquiries", "expenses"), ()),
}
"""Tables each question cannot do without, and tables that complete its answer."""


class DataQualityParams(Params):
    """Settings of data quality."""

    ledger_tolerance: float = Field(0.02, gt=0, lt=1, description="bills and ledger may differ by this share")
    enough_filled: float = Field(0.90, gt=0, le=1, description="filled key fields of a table in good state")
    least_filled: float = Field(0.70, gt=0, le=1, description="below this a table is in need of repair")
    few_set_aside: float = Field(0.01, gt=0, lt=1, description="share of records set aside in a table in good state")


@dataclass(frozen=True, kw_only=True)
class DataQualityResult(Result):
    """Counts and shares of the records; everything is counted, nothing inferred."""

    tables_present: int
    rows_total: int
    months: int
    weakest: str | None
    weakest_complete: Estimate | None
    holes: int
    checks_passed: int | None
    checks_warned: int | None
    checks_failed: int | None
    set_aside: Estimate | None
    values_unread: int | None
    persons_merged: int | None
    charged_total: Estimate | None
    ledger_total: Estimate | None
    ledger_gap: Estimate | None
    calls_untagged: Estimate | None
    calls_without_channel: Estimate | None
    visits_uncoded: Estimate | None
    old_patients: Estimate | None
    questions_answered: int
    questions_limited: int
    sources: pd.DataFrame = table(
        Measure("table", "label"), Measure("rows", "count"), Measure("months", "count"), Measure("complete", "share", form="bar"),
        Measure("remark", "label"), Measure("concerned", "share"), Measure("state", "status"),
    )
    questions: pd.DataFrame = table(
        Measure("question", "label"), Measure("state", "status"), Measure("lacking", "label"),
    )
    fields: pd.DataFrame = table(Measure("table", "label"), Measure("field", "label"), Measure("filled", "share", form="bar"))
    links: pd.DataFrame | None = table(
        Measure("link", "label"), Measure("rows", "count"), Measure("linked", "share", form="bar"),
    )
    reconciliation: pd.DataFrame | None = table(
        Measure("month", "date"), Measure("charged", "currency"), Measure("ledger", "currency"),
        Measure("difference", "currency"), Measure("difference_share", "share"),
    )
    monthly: pd.DataFrame | None = table(Measure("table", "label"), Measure("month", "date"), Measure("rows", "count"))
    checks: pd.DataFrame | None = table(
        Measure("check", "label"), Measure("table", "label"), Measure("state", "status"), Measure("rows", "count"),
        Measure("share", "share"),
    )


def analyse(
    patients: Table | None, doctors: Table | None, services: Table | None, prices: Table | None, appointments: Table | None,
    charges: Table | None, rooms: Table | None, shifts: Table | None, enquiries: Table | None, ad_spend: Table | None,
    site_traffic: Table | None, expenses: Table | None, feedback: Table | None, events: Table | None,
    competitors: Table | None, population: Table | None, campaign_members: Table | None, plans: Table | None, first_visits: Table | None, exports: Table | None,
    checks: Table | None, *, period: Period, params: DataQualityParams,
) -> DataQualityResult:
    """The state of every export and what the whole of them can answer."""
    given = {
        "patients": patients, "doctors": doctors, "services": services, "prices": prices, "appointments": appointments,
        "charges": charges, "rooms": rooms, "shifts": shifts, "enquiries": enquiries, "ad_spend": ad_spend,
        "site_traffic": site_traffic, "expenses": expenses, "feedback": feedback, "events": events,
        "competitors": competitors, "population": population, "campaign_members": campaign_members, "plans": plans,
    }
    counts = {name: int(rows.count().execute()) for name, rows in given.items() if rows is not None}
    have = {name: rows for name, rows in given.items() if rows is not None and counts[name]}
    if not have:
        raise NotAnswerable("no_tables", verdict="not_available")
    months = pd.date_range(period.start.replace(day=1), period.end, freq="MS", inclusive="left")
    fields = _fields(have)
    monthly = _monthly(have, months, period)
    loaded = exports.order_by("table", "file").to_pandas() if exports is not None else None
    told = _checks(checks)
    sources = _sources(have, counts, fields, monthly, loaded, _unread(told), params)
    reconciliation, money = _reconciliation(charges, expenses, period)
    questions = _questions(set(have), sources)
    weak = sources.loc[sources.complete.idxmin()] if sources.complete.notna().any() else None
    facts: dict[str, Any] = {
        "tables_present": len(have), "rows_total": int(sum(counts.values())), "months": len(months), **money, **_calls(enquiries),
        "weakest": str(weak.table) if weak is not None and weak.complete < params.enough_filled else None,
        "weakest_complete": exact(float(weak.complete), "share", int(weak["rows"])) if weak is not None else None,
        "holes": int((monthly["rows"] == 0).sum()) if monthly is not None else 0,
        **{f"checks_{name}": None if told is None else int((told.state == state).sum())
           for name, state in (("passed", "good"), ("warned", "watch"), ("failed", "act"))},
        **_loaded(loaded, counts), "values_unread": None if told is None else int(_unread(told).sum()),
        "visits_uncoded": _uncoded(appointments),
        "old_patients": _part(first_visits, lambda t: ~t.is_new),
        "questions_answered": int((questions.state != "act").sum()), "questions_limited": int((questions.state == "watch").sum()),
    }
    return DataQualityResult(
        grade="A", says=_says(facts), findings=tuple(_findings(facts, have, params)), sources=sources, questions=questions,
        fields=fields, links=_links(have), reconciliation=reconciliation, monthly=monthly, checks=told, **facts,
    )


# ------------------------------------------------------------------ every table
def _fields(have: Mapping[str, Table]) -> pd.DataFrame:
    """Share of rows in which each key field is filled."""
    rows = []
    for name, content in have.items():
        filled = content.aggregate(**{column: content[column].count() / content.count() for column in KEY_FIELDS[name]})
        rows += [[name, column, float(share)] for column, share in filled.to_pandas().iloc[0].items()]
    return pd.DataFrame(rows, columns=["table", "field", "filled"])


def _monthly(have: Mapping[str, Table], months: pd.DatetimeIndex, period: Period) -> pd.DataFrame | None:
    """Rows of every dated table in every month of the period; zero is a hole until proven otherwise."""
    parts = []
    for name, column in DAYS.items():
        if name in have:
            day = have[name][column].cast("date")
            inside = have[name].filter(day >= months[0].date(), day < period.end)
            by_month = inside.group_by(month=inside[column].cast("date").truncate("M")).aggregate(rows=_.count())
            counted = by_month.order_by("month").to_pandas().astype({"month": "datetime64[s]"})
            rows = counted.set_index("month")["rows"].reindex(months.as_unit("s"), fill_value=0)
            parts.append(pd.DataFrame({"table": name, "month": months.as_unit("s"), "rows": rows.to_numpy(dtype=int)}))
    return pd.concat(parts, ignore_index=True) if parts else None


def _sources(
    have: Mapping[str, Table], counts: Mapping[str, int], fields: pd.DataFrame, monthly: pd.DataFrame | None,
    loaded: pd.DataFrame | None, unread: pd.Series, params: DataQualityParams,
) -> pd.DataFrame:
    rows = []
    for name in have:
        mine = fields[fields.table == name]
        complete, worst = float(mine.filled.mean()), mine.loc[mine.filled.idxmin()]
        seen = monthly[monthly.table == name]["rows"] if monthly is not None else pd.Series(dtype=int)
        empty = float((seen == 0).mean()) if len(seen) else 0.0
        read = loaded[loaded.table == name] if loaded is not None else None
        aside = float(read.rows_set_aside.sum() / max(read.rows_read.sum(), 1)) if read is not None else 0.0
        left_out = float(read.rows_left_out.sum() / max(read.rows_read.sum(), 1)) if read is not None else 0.0
        if empty > 0:
            remark, concerned = "hole", empty
        elif aside > params.few_set_aside:
            remark, concerned = "set_aside", aside
        elif unread.get(name, 0) > params.few_set_aside * counts[name]:
            remark, concerned = "unread", min(float(unread[name]) / counts[name], 1.0)
        elif worst.filled < params.enough_filled:
            remark, concerned = f"missing_{worst.field}", 1 - float(worst.filled)
        elif left_out > 0:
            remark, concerned = "left_out", left_out
        else:
            remark, concerned = "nothing", np.nan
        good = empty == 0 and aside <= params.few_set_aside and complete >= params.enough_filled
        state = "good" if good else "act" if empty > 0.25 or complete < params.least_filled else "watch"
        rows.append([name, counts[name], int((seen > 0).sum()) if len(seen) else np.nan, complete, remark, concerned, state])
    frame = pd.DataFrame(rows, columns=["table", "rows", "months", "complete", "remark", "concerned", "state"])
    return frame.astype({"months": "float64"})


def _questions(have: set[str], sources: pd.DataFrame) -> pd.DataFrame:
    poor = set(sources.table[sources.state == "act"])
    rows = []
    for question, (needs, helps) in QUESTIONS.items():
        lacking = [name for name in needs if name not in have]
        limited = [name for name in (*helps, *needs) if name not in have or name in poor]
        state = "act" if lacking else "watch" if limited else "good"
        rows.append([question, state, (lacking or limited or [""])[0]])
    return pd.DataFrame(rows, columns=["question", "state", "lacking"])


def _checks(checks: Table | None) -> pd.DataFrame | None:
    """The checks of intake, the failed ones first."""
    if checks is None:
        return None
    frame = checks.order_by("check", "table").to_pandas()
    frame["state"] = frame.status.map({"pass": "good", "warn": "watch", "fail": "act"})
    frame = frame.iloc[np.argsort(frame.state.map({"act": 0, "watch": 1, "good": 2}), kind="stable")]
    return frame[["check", "table", "state", "rows", "share"]].astype({"rows": "float64", "share": "float64"}).reset_index(drop=True)


def _unread(told: pd.DataFrame | None) -> pd.Series:
    """Values left empty because they could not be understood, by table; their rows are kept."""
    if told is None:
        return pd.Series(dtype=float)
    return told[told.check == UNREAD].groupby("table")["rows"].sum()


def _loaded(loaded: pd.DataFrame | None, counts: Mapping[str, int]) -> dict[str, Any]:
    if loaded is None or not loaded.rows_read.sum() > 0:
        return {"set_aside": None, "persons_merged": None}
    cards = int(loaded.rows_used[loaded.table == "patients"].sum())
    read = int(loaded.rows_read.sum())
    merged = max(0, cards - counts.get("patients", 0)) if cards else None
    return {"set_aside": exact(float(loaded.rows_set_aside.sum() / read), "share", read), "persons_merged": merged}


# ------------------------------------------------------------------ tables against each other
def _links(have: Mapping[str, Table]) -> pd.DataFrame | None:
    """Rows whose key finds its partner in the other table."""
    found: list[tuple[str, int, int]] = []
    for name, other, key in (
        ("charges", "appointments", "appointment_id"), ("charges", "patients", "patient_id"), ("charges", "services", "service_id"),
        ("appointments", "patients", "patient_id"), ("appointments", "doctors", "doctor_id"), ("appointments", "rooms", "room_id"),
    ):
        if name in have and other in have:
            rows = have[name].filter(_.kind == "sale") if name == "charges" else have[name]
            found.append((f"{name}_{other}", int(rows.count().execute()), int(rows.semi_join(have[other], key).count().execute())))
    if {"appointments", "charges"} <= have.keys():
        came = have["appointments"].filter(_.status == "completed", _.kind == "outpatient")
        paid = have["charges"].filter(_.appointment_id.notnull())
        found.append(("visits_charges", int(came.count().execute()), int(came.semi_join(paid, "appointment_id").count().execute())))
    if {"appointments", "shifts"} <= have.keys():
        found.append(_inside_shifts(have["appointments"], have["shifts"]))
    rows = [[name, n, k / n] for name, n, k in found if n]
    return pd.DataFrame(rows, columns=["link", "rows", "linked"]) if rows else None


def _inside_shifts(appointments: Table, shifts: Table) -> tuple[str, int, int]:
    """Completed outpatient visits that begin within a shift of their doctor, among doctors and days on the rota."""
    came = appointments.filter(_.status == "completed", _.kind == "outpatient").select(
        "appointment_id", "doctor_id", "starts_at", day=_.starts_at.date()
    )
    on = shifts.filter(_.role == "doctor").select(
        doctor_id="staff_id", day=_.starts_at.date(), shift_start="starts_at", shift_end="ends_at"
    )
    paired = came.inner_join(on, ["doctor_id", "day"])
    per_visit = paired.group_by("appointment_id").aggregate(
        inside=((_.starts_at >= _.shift_start) & (_.starts_at < _.shift_end)).any()
    )
    counted = per_visit.aggregate(n=_.count(), k=_.inside.sum()).to_pandas().iloc[0]
    return "visits_shifts", int(counted.n), 0 if pd.isna(counted.k) else int(counted.k)


def _reconciliation(
    charges: Table | None, expenses: Table | None, period: Period
) -> tuple[pd.DataFrame | None, dict[str, Estimate | None]]:
    """Revenue by the bills and by the ledger, month by month where the ledger has revenue."""
    nothing: dict[str, Estimate | None] = dict.fromkeys(("charged_total", "ledger_total", "ledger_gap"))
    if charges is None or expenses is None:
        return None, nothing
    ledger = expenses.filter(_.nature == "revenue", _.month >= period.start.replace(day=1), _.month < period.end)
    booked = ledger.group_by(month=_.month.truncate("M")).aggregate(ledger=_.amount.sum().cast("float64"))
    paid = charges.filter(_.kind.isin(["sale", "refund"])).group_by(month=_.charged_on.truncate("M")).aggregate(
        charged=_.paid.sum().cast("float64")
    )
    frame = booked.left_join(paid, "month").drop("month_right").order_by("month").to_pandas().fillna({"charged": 0.0})
    if not frame.ledger.abs().sum() > 0:
        return None, nothing
    frame["difference"] = frame.charged - frame.ledger
    frame["difference_share"] = (frame.difference / frame.ledger).where(frame.ledger != 0)
    charged, total, n = float(frame.charged.sum()), float(frame.ledger.sum()), len(frame)
    return frame[["month", "charged", "ledger", "difference", "difference_share"]].astype({"month": "datetime64[s]"}), {
        "charged_total": exact(charged, "currency", n), "ledger_total": exact(total, "currency", n),
        "ledger_gap": exact(abs(charged - total) / abs(total), "share", n) if total else None,
    }


# ------------------------------------------------------------------ what single numbers rest on
def _calls(enquiries: Table | None) -> dict[str, Estimate | None]:
    incoming = None if enquiries is None else enquiries.filter(_.direction == "in")
    answered = None if incoming is None else incoming.filter(_.is_answered)
    return {
        "calls_untagged": _part(answered, lambda t: t.intent.isnull()),
        "calls_without_channel": _part(incoming, lambda t: t.channel.isnull()),
    }


def _uncoded(appointments: Table | None) -> Estimate | None:
    came = None if appointments is None else appointments.filter(_.status == "completed", _.kind != "ward")
    return _part(came, lambda t: t.diagnosis.isnull() | (t.diagnosis.strip() == ""))


def _part(rows: Table | None, is_so: Any) -> Estimate | None:
    """Share of ``rows`` for which the column expression ``is_so`` holds, counted."""
    if rows is None:
        return None
    counted = rows.aggregate(n=rows.count(), k=ibis.coalesce(is_so(rows), False).sum()).to_pandas().iloc[0]
    return exact(float(counted.k) / int(counted.n), "share", int(counted.n)) if counted.n else None


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any]) -> dict[str, Sentence]:
    if facts["questions_answered"] < len(QUESTIONS) / 2:
        title = "little"
    elif facts["holes"]:
        title = "holes"
    else:
        title = "weak" if facts["weakest"] else "carry"
    return {"title": Sentence(title), "figures.coverage.title": Sentence("holes" if facts["holes"] else "whole")}


def _findings(facts: Mapping[str, Any], have: Mapping[str, Table], params: DataQualityParams) -> list[Finding]:
    found = []
    gap = facts["ledger_gap"]
    if gap is not None:
        is_close = gap.value <= params.ledger_tolerance
        found.append(Finding("reconciles", "strength") if is_close else Finding("does_not_reconcile", "risk"))
    if facts["holes"]:
        found.append(Finding("holes", "caveat"))
    if facts["values_unread"]:
        found.append(Finding("unread", "caveat"))
    if facts["persons_merged"]:
        found.append(Finding("merged", "caveat"))
    if facts["old_patients"] is not None and facts["old_patients"].value > 0:
        found.append(Finding("old_patients", "caveat"))
    if facts["calls_untagged"] is not None and facts["calls_untagged"].value > 0.4:
        found.append(Finding("untagged", "caveat"))
    if gap is None:
        found.append(Finding("no_ledger", "not_answered"))
    found += [Finding(f"no_{name}", "not_answered") for name in ("charges", "rooms", "shifts", "enquiries", "ad_spend", "expenses") if name not in have]
    return found


# ------------------------------------------------------------------ figures
def coverage(result: DataQualityResult, labels: Labels) -> Figure | None:
    """Rows of each export in each month, against the months around it; months without any are framed."""
    if result.monthly is None:
        return None
    grid = result.monthly.pivot(index="table", columns="month", values="rows")
    grid = grid.reindex([name for name in DAYS if name in grid.index])
    around = grid.T.rolling(7, center=True, min_periods=1).median().T
    relative = (grid / around.where(around > 0)).clip(upper=1).fillna(0.0).to_numpy(dtype=float)
    heads = [str(month.year) if month.month == 1 or i == 0 else "" for i, month in enumerate(grid.columns)]
    return heatmap(
        relative, rows=[labels.value("table", name) for name in grid.index], columns=heads, text=lambda _value: "",
        width=theme.FULL, height=10 + 4.8 * len(grid), most=1.6, frames=_empty_runs(grid.to_numpy()),
    )


def _empty_runs(rows: np.ndarray) -> list[Frame]:
    frames = []
    for i, row in enumerate(rows):
        edge = np.flatnonzero(np.diff(np.r_[False, row == 0, False].astype(int)))
        frames += [Frame(i, int(first), i, int(last) - 1) for first, last in zip(edge[::2], edge[1::2], strict=True)]
    return frames
