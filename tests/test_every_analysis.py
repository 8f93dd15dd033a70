"""Laws that every analysis obeys by existing: no analysis is named here."""

from __future__ import annotations

import filecmp
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit import catalogue
from audit.config import Period
from audit.results import Result, Unanswered
from audit.results.earlier_audit import EarlierAudit
from audit.results.store import load, save, tidy
from audit.tables import CANONICAL
from audit.tables.connection import Tables, tables_from_frames
from tests.pages import NONSENSE, spoken

END = date(2017, 1, 1)
PERIOD = Period(start=date(2014, 1, 1), end=END)
ROOT = Path(__file__).parents[1]
Frames = Mapping[str, pd.DataFrame]


def everything(tables: Tables, period: Period = PERIOD) -> dict[str, Result]:
    """All results of a clinic, each analysis given the earlier ones, as in an audit."""
    filled = {name: table for name, table in tables.items() if table.count().execute()}
    results: dict[str, Result] = {}
    for name in catalogue.names():
        what = catalogue.analysis(name)
        results[name] = catalogue.compute(
            what, filled, results, period=period, params=what.params(), audit_before=same_a_year_before(results, period)
        )
    return results


def same_a_year_before(results: Mapping[str, Result], period: Period) -> EarlierAudit:
    """An earlier audit that found what this one finds."""
    then = period.model_copy(update={"end": period.end.replace(year=period.end.year - 1)})
    answered = {name: result for name, result in results.items() if not isinstance(result, Unanswered)}
    return EarlierAudit(
        run="then", period=then, window=then.present, published={}, names={}, restated=answered, since=answered
    )


@pytest.fixture(scope="module")
def frames() -> Frames:
    from audit.simulate import simulate_clinic

    return simulate_clinic(size=0.05).tables


@pytest.fixture(scope="module")
def results(frames) -> dict[str, Result]:
    return everything(tables_from_frames(frames, end=END))


def assert_same(a: Mapping[str, Result], b: Mapping[str, Result], money: float = 1.0, bounds: float = 1e-6) -> None:
    """Equal estimates, row by row; those in currency scaled by ``money``, intervals within ``bounds``."""
    one, other = tidy(a), tidy(b)
    labels = ["analysis", "estimate", "group", "unit", "verdict"]
    pd.testing.assert_frame_equal(one[labels], other[labels])
    factor = np.where(one.unit == "currency", money, 1.0)
    for column in ("value", "low", "high"):
        np.testing.assert_allclose(
            other[column].astype(float),
            one[column].astype(float) * factor,
            rtol=1e-6 if column == "value" else bounds,
            atol=1e-9,
            err_msg=column,
        )


def test_all_sections_are_found_in_order():
    planned = [name for section in catalogue.SECTIONS for name in section]
    assert list(catalogue.names()[: len(planned)]) == planned
    assert len(catalogue.SECTIONS) == 11


@pytest.mark.parametrize("name", catalogue.names())
def test_reads_only_tables_and_earlier_analyses(name):
    earlier = set(catalogue.names()[: catalogue.names().index(name)])
    needs = catalogue.analysis(name).needs
    assert all(need.kind != "result" or need.name in earlier for need in needs)


@pytest.mark.parametrize("name", catalogue.names())
def test_result_survives_the_disk(name, results, tmp_path):
    save(results[name], tmp_path / "a", analysis=name, fingerprint="x")
    again = load(catalogue.analysis(name).result, tmp_path / "a")
    save(again, tmp_path / "b", analysis=name, fingerprint="x")
    compared = filecmp.dircmp(tmp_path / "a", tmp_path / "b")
    assert not compared.left_only and not compared.right_only
    _, different, errors = filecmp.cmpfiles(tmp_path / "a", tmp_path / "b", compared.common_files, shallow=False)
    assert not different and not errors


@pytest.mark.parametrize("name", catalogue.names())
def test_answers_on_the_synthetic_clinic(name, results):
    result = results[name]
    if isinstance(result, Unanswered) and result.verdict == "not_asked":
        return  # a question about something the clinic has not done yet
    assert not isinstance(result, Unanswered), f"{name}: {result.reason}"
    assert result.estimates(), "an analysis estimates something"
    if result.headline is not None:
        assert result.headline in result.estimates()


@pytest.mark.parametrize("name", catalogue.names())
def test_every_page_can_be_said(name, results):
    for text in spoken(name, results[name], PERIOD).texts:
        assert text.strip() and not any(nonsense in text for nonsense in NONSENSE), text


def test_same_clinic_same_results(frames, results):
    assert_same(results, everything(tables_from_frames(frames, end=END)))


def test_order_of_rows_does_not_matter(frames, results):
    shuffled = {name: frame.sample(frac=1.0, random_state=7) for name, frame in frames.items()}
    assert_same(results, everything(tables_from_frames(shuffled, end=END)))


def test_names_of_patients_do_not_matter(frames, results):
    ids = frames["patients"]["patient_id"]
    other = dict(zip(ids, "x" + ids.sample(frac=1.0, random_state=3).to_numpy(), strict=True))
    renamed = {
        name: frame.assign(patient_id=frame["patient_id"].map(other)) if "patient_id" in frame else frame
        for name, frame in frames.items()
    }
    # a bootstrap draws patients by their place in the order of names, so its bounds move by its own noise
    assert_same(results, everything(tables_from_frames(renamed, end=END)), bounds=0.05)


def test_currency_does_not_matter(frames, results):
    scaled = {}
    for name, frame in frames.items():
        money = [
            column.name for column in CANONICAL[name].columns if column.unit == "currency" and column.name in frame
        ]
        scaled[name] = frame.assign(**{column: frame[column].astype(float) * 100 for column in money})
    assert_same(results, everything(tables_from_frames(scaled, end=END)), money=100.0)


@pytest.mark.parametrize("missing", [name for name in CANONICAL if name not in ("patients", "appointments")])
def test_any_optional_table_may_be_missing(frames, missing):
    for name, result in everything(
        tables_from_frames({k: v for k, v in frames.items() if k != missing}, end=END)
    ).items():
        assert isinstance(result, Result), name


@pytest.mark.parametrize("rows", [0, 1, 30])
def test_hardly_any_rows(frames, rows):
    few = {name: frame.head(rows) for name, frame in frames.items()}
    for result in everything(tables_from_frames(few, end=END)).values():
        assert isinstance(result, Result)


def test_only_appointments_and_patients_with_bare_columns(frames):
    bare = {
        "patients": frames["patients"][["patient_id"]],
        "appointments": frames["appointments"][["appointment_id", "patient_id", "kind", "starts_at", "status"]],
    }
    for result in everything(tables_from_frames(bare, end=END)).values():
        assert isinstance(result, Result)


@pytest.mark.parametrize("name", catalogue.names())
def test_module_says_question_method_and_limits(name):
    text = catalogue.analysis(name).module.__doc__ or ""
    for heading in ("Question", "Method", "Reads", "Cannot say"):
        assert re.search(rf"^{heading}\s", text, re.MULTILINE), f"{name}: no “{heading}” in its docstring"
