"""What the tables say of each other and of the calendar; each check one small function.

A check gets the engine, where each table is a view of the rows that count, and the client's settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise

import duckdb

from audit.config import ClientConfig
from audit.intake.checked import CheckOutcome, judged
from audit.intake.set_aside import DAY
from audit.tables import CANONICAL

Check = Callable[[duckdb.DuckDBPyConnection, ClientConfig], Iterator[CheckOutcome]]


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    return tuple(connection.execute(query).fetchall()[0])


def _share(rows: int | None, whole: int | None) -> float:
    return (rows or 0) / whole if whole else 0.0


def _present(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    return [table for table in CANONICAL if table in {row[0] for row in rows}]


def links(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """Codes that name a row of another table which is not there."""
    have = _present(connection)
    for table in have:
        for column in CANONICAL[table].columns:
            if column.references in have:
                key = CANONICAL[column.references].key[0]
                whole, lost = _one(
                    connection,
                    f"SELECT count({column.name}), count({column.name}) FILTER ({column.name} NOT IN (SELECT {key} FROM {column.references})) FROM {table}",
                )
                if whole:
                    status = judged(_share(lost, whole), 0, 0.05)
                    yield CheckOutcome(
                        "link",
                        table,
                        status,
                        lost,
                        _share(lost, whole),
                        values={"column": column.name, "to": column.references},
                    )


def months_without_rows(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """A hole of a whole month between the first and the last row of a table."""
    for table in _present(connection):
        if table in ("patients", "prices", "events", "competitors", "campaign_members", "plans"):
            continue
        day = DAY.get(table)
        if day is None:
            continue
        months, filled = _one(
            connection,
            f"SELECT coalesce(date_diff('month', min({day}), max({day})) + 1, 0), count(DISTINCT date_trunc('month', {day})) FROM {table}",
        )
        holes = max(0, months - filled)
        hard = table in ("appointments", "charges", "enquiries")
        yield CheckOutcome(
            "months_missing", table, ("fail" if hard else "warn") if holes else "pass", holes, _share(holes, months)
        )


def weeks_without_rows(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """Missing weeks of a table that has rows most weeks."""
    for table in ("appointments", "charges", "enquiries", "feedback", "shifts"):
        if table in _present(connection):
            day = DAY[table]
            weeks, filled = _one(
                connection,
                f"SELECT coalesce(date_diff('week', min({day}), max({day})) + 1, 0), count(DISTINCT date_trunc('week', {day})) FROM {table}",
            )
            holes = max(0, weeks - filled)
            if weeks and filled > weeks / 2:
                yield CheckOutcome("weeks_missing", table, "warn" if holes > 1 else "pass", holes, _share(holes, weeks))


def before_period(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """Rows before the audited period: history, kept and told."""
    for table in ("appointments", "charges", "enquiries", "ad_spend"):
        if table in _present(connection):
            start = config.period.start.isoformat()
            whole, early = _one(
                connection, f"SELECT count(*), count(*) FILTER ({DAY[table]} < DATE '{start}') FROM {table}"
            )
            if early:
                yield CheckOutcome("rows_before_period", table, "pass", early, _share(early, whole))


def visits_without_doctor(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """Completed visits nobody is named for."""
    whole, lost = _one(
        connection, "SELECT count(*), count(*) FILTER (doctor_id IS NULL) FROM appointments WHERE status = 'completed'"
    )
    yield CheckOutcome(
        "visits_without_doctor", "appointments", judged(_share(lost, whole), 0.02, 1), lost, _share(lost, whole)
    )


def only_completed(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """An export without a single missed or cancelled appointment has left them out."""
    whole, other = _one(connection, "SELECT count(*), count(*) FILTER (status <> 'completed') FROM appointments")
    yield CheckOutcome("missed_recorded", "appointments", "pass" if other else "warn", other, _share(other, whole))


def booked_after_start(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """Appointments made on a day after the one they are for."""
    whole, late = _one(
        connection, "SELECT count(booked_at), count(*) FILTER (booked_at::DATE > starts_at::DATE) FROM appointments"
    )
    if whole:
        yield CheckOutcome(
            "booked_after_start", "appointments", judged(_share(late, whole), 0, 0.05), late, _share(late, whole)
        )


def planned_minutes(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """One and the same length for nearly all visits: planned, not measured."""
    whole, same = _one(
        connection,
        "SELECT coalesce(sum(n), 0)::BIGINT, coalesce(max(n), 0) FROM (SELECT minutes, count(*) AS n FROM appointments "
        "WHERE kind = 'outpatient' AND minutes IS NOT NULL GROUP BY 1)",
    )
    if whole:
        share = _share(same, whole)
        yield CheckOutcome("minutes_planned", "appointments", "warn" if share > 0.9 else "pass", same, share)


def first_visit_mark(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """The clinic's own mark of a first visit against the whole history."""
    whole, wrong = _one(
        connection,
        "SELECT count(is_first_recorded), count(*) FILTER (is_first_recorded <> (rank = 1)) FROM (SELECT is_first_recorded, row_number() OVER "
        "(PARTITION BY patient_id ORDER BY starts_at, appointment_id) AS rank FROM appointments WHERE status = 'completed' AND kind = 'outpatient')",
    )
    if whole:
        yield CheckOutcome(
            "first_visit_mark", "appointments", judged(_share(wrong, whole), 0.02, 1), wrong, _share(wrong, whole)
        )


CAME = "SELECT (patient_id, starts_at::DATE) FROM appointments WHERE status = 'completed'"
"""Patients and days of visits: how payments are joined where a system keeps them apart from appointments."""


def money_without_visit(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """Sales that name no appointment and do not lie on a day the patient came, and what they sum to."""
    whole, lost, money = _one(
        connection,
        "SELECT count(*), count(*) FILTER (is_lost), coalesce(sum(paid) FILTER (is_lost), 0) FROM "
        "(SELECT paid, appointment_id IS NULL AND (patient_id, charged_on) NOT IN "
        f"({CAME}) AS is_lost FROM charges WHERE kind IN ('sale', 'refund'))",
    )
    yield CheckOutcome(
        "money_without_visit",
        "charges",
        judged(_share(lost, whole), 0.02, 0.2),
        lost,
        _share(lost, whole),
        Decimal(money),
    )


def visits_without_money(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """Completed visits without a line of a bill that names them, or names none and is of that patient and day."""
    whole, lost = _one(
        connection,
        "SELECT count(*), count(*) FILTER ("
        "appointment_id NOT IN (SELECT appointment_id FROM charges WHERE appointment_id IS NOT NULL) AND "
        "(patient_id, starts_at::DATE) NOT IN (SELECT (patient_id, charged_on) FROM charges WHERE appointment_id IS NULL)) "
        "FROM appointments WHERE status = 'completed' AND kind <> 'ward'",
    )
    yield CheckOutcome(
        "visits_without_money", "appointments", judged(_share(lost, whole), 0.05, 0.5), lost, _share(lost, whole)
    )


def wrong_sign(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """Sales below zero and refunds above it."""
    whole, wrong, money = _one(
        connection,
        "SELECT count(*), count(*) FILTER (w), coalesce(sum(abs(paid)) FILTER (w), 0) FROM "
        "(SELECT paid, (kind = 'sale' AND paid < 0) OR (kind = 'refund' AND paid > 0) AS w FROM charges)",
    )
    yield CheckOutcome(
        "amounts_sign", "charges", judged(_share(wrong, whole), 0, 0.01), wrong, _share(wrong, whole), Decimal(money)
    )


def level_break(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """Amounts that jump by a factor of twenty or more within one file: rubles and kopecks mixed."""
    rows = connection.execute(
        "SELECT file, block, median(paid)::DOUBLE, count(*) FROM (SELECT file, paid, ntile(10) OVER (PARTITION BY file ORDER BY n) AS block "
        "FROM charges WHERE kind = 'sale' AND paid > 0) GROUP BY 1, 2 HAVING count(*) >= 10 ORDER BY 1, 2"
    ).fetchall()
    for file in dict.fromkeys(row[0] for row in rows):
        levels = [(median, count) for name, _, median, count in rows if name == file]
        ratios = [max(a, b) / min(a, b) for (a, _), (b, _) in pairwise(levels)]
        jump = max(ratios, default=1.0)
        concerned = sum(count for _, count in levels[ratios.index(jump) + 1 :]) if jump >= 20 else 0
        whole = sum(count for _, count in levels)
        yield CheckOutcome(
            "amounts_level",
            "charges",
            "warn" if concerned else "pass",
            concerned,
            _share(concerned, whole),
            values={"file": file},
        )


def charges_against_ledger(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """Revenue of the charges against the ledger's revenue lines, over the months both have."""
    months, ours, ledger, apart = connection.execute(
        "WITH c AS (SELECT date_trunc('month', charged_on)::DATE AS month, sum(paid) AS paid FROM charges WHERE kind IN ('sale', 'refund') GROUP BY 1), "
        "l AS (SELECT month, sum(amount) AS amount FROM expenses WHERE nature = 'revenue' GROUP BY 1) "
        "SELECT count(*), sum(paid), sum(amount), count(*) FILTER (abs(paid - amount) > 0.01 * abs(amount)) FROM c JOIN l USING (month)"
    ).fetchall()[0]
    if months:
        difference = abs(Decimal(ours) - Decimal(ledger))
        share = float(difference / abs(Decimal(ledger))) if ledger else 1.0
        values = {"months": months, "months_apart": apart}
        yield CheckOutcome(
            "charges_against_ledger", "charges", judged(share, 0.01, 0.05), apart, min(share, 1.0), difference, values
        )


def overlapping_shifts(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """One person in two places at a time."""
    whole, both = _one(
        connection,
        "SELECT count(*), count(*) FILTER (starts_at < earlier_end) FROM (SELECT starts_at, max(ends_at) OVER (PARTITION BY role, staff_id "
        "ORDER BY starts_at, ends_at, n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier_end FROM shifts)",
    )
    yield CheckOutcome("shifts_overlap", "shifts", judged(_share(both, whole), 0, 0.1), both, _share(both, whole))
    backwards = _one(connection, "SELECT count(*) FROM shifts WHERE ends_at <= starts_at")[0]
    yield CheckOutcome(
        "shifts_backwards", "shifts", judged(_share(backwards, whole), 0, 0.01), backwards, _share(backwards, whole)
    )


def calls_without_number(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """Enquiries whose caller cannot be joined to a patient."""
    whole, lost = _one(
        connection, "SELECT count(*), count(*) FILTER (caller_key IS NULL) FROM enquiries WHERE kind <> 'walk_in'"
    )
    yield CheckOutcome(
        "calls_without_number", "enquiries", judged(_share(lost, whole), 0.05, 0.5), lost, _share(lost, whole)
    )


def calls_without_channel(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """Incoming enquiries of unknown origin."""
    whole, lost = _one(
        connection, "SELECT count(*), count(*) FILTER (channel IS NULL) FROM enquiries WHERE direction = 'in'"
    )
    yield CheckOutcome(
        "calls_without_channel", "enquiries", judged(_share(lost, whole), 0.1, 1), lost, _share(lost, whole)
    )


def spend_given_twice(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """The same days of a campaign in two rows: added up, but told."""
    whole, twice, money = _one(
        connection,
        "SELECT count(*), count(*) FILTER (rank > 1), coalesce(sum(spend) FILTER (rank > 1), 0) FROM (SELECT spend, row_number() OVER "
        "(PARTITION BY channel, campaign, from_day, to_day ORDER BY n) AS rank FROM ad_spend)",
    )
    yield CheckOutcome(
        "spend_given_twice",
        "ad_spend",
        judged(_share(twice, whole), 0, 0.5),
        twice,
        _share(twice, whole),
        Decimal(money),
    )


def patients_without_phone(connection: duckdb.DuckDBPyConnection, config: ClientConfig) -> Iterator[CheckOutcome]:
    """Cards without a telephone cannot be joined to calls."""
    whole, lost = _one(connection, "SELECT count(*), count(*) FILTER (phone_key IS NULL) FROM patients")
    yield CheckOutcome(
        "patients_without_phone", "patients", judged(_share(lost, whole), 0.2, 1), lost, _share(lost, whole)
    )


CROSS_CHECKS: tuple[tuple[tuple[str, ...], Check], ...] = (
    ((), links),
    ((), months_without_rows),
    ((), weeks_without_rows),
    ((), before_period),
    (("appointments",), visits_without_doctor),
    (("appointments",), only_completed),
    (("appointments",), booked_after_start),
    (("appointments",), planned_minutes),
    (("appointments",), first_visit_mark),
    (("patients",), patients_without_phone),
    (("charges", "appointments"), money_without_visit),
    (("charges", "appointments"), visits_without_money),
    (("charges",), wrong_sign),
    (("charges",), level_break),
    (("charges", "expenses"), charges_against_ledger),
    (("shifts",), overlapping_shifts),
    (("enquiries",), calls_without_number),
    (("enquiries",), calls_without_channel),
    (("ad_spend",), spend_given_twice),
)
"""Each check with the tables it needs."""
