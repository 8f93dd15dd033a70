"""Revenue: sums that must close, a drawn clinic by hand, and bills that differ from the books."""

from __future__ import annotations

from datetime import date

import pytest

from audit.analyses.finance import FinanceResult
from audit.analyses.revenue import FIGURES, RevenueParams, RevenueResult, analyse
from audit.config import Period
from audit.tables.connection import Tables
from tests.analyses.test_finance import DRAWN, PERIOD, drawn, value
from tests.analyses.test_finance import run as profit
from tests.pages import spoken

NEEDS = ("charges", "patient_days", "appointments", "services", "expenses")


def run(tables: Tables, period: Period = PERIOD, finance: FinanceResult | None = None, **params: object) -> RevenueResult:
    needed = {name: tables.get(name) for name in NEEDS}
    return analyse(**needed, finance=finance or profit(tables, period), period=period, params=RevenueParams(**params))


@pytest.fixture(scope="module")
def small() -> RevenueResult:
    return run(drawn())


@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> RevenueResult:
    return run(demo_tables, demo_period)


# ---------------------------------------------------------------- the teaching clinic
def test_every_dimension_sums_to_revenue(demo):
    for frame, dimensions in ((demo.lines, {"business", "kind", "branch", "payer"}), (demo.details, {"service", "doctor"})):
        sums = frame.groupby("dimension")[["revenue", "before", "share"]].sum()
        assert set(sums.index) == dimensions
        assert sums["revenue"].tolist() == pytest.approx([value(demo.revenue_month)] * len(dimensions))
        assert sums["before"].tolist() == pytest.approx([value(demo.revenue_before)] * len(dimensions))
        assert sums["share"].tolist() == pytest.approx([1.0] * len(dimensions))


def test_lines_of_business_are_those_of_the_scenario(demo):
    business = demo.lines[demo.lines["dimension"] == "business"].set_index("line")
    assert business.loc["surgery", "revenue"] == pytest.approx(8.4e6, rel=0.01)
    assert business.loc["outpatient", "before"] == pytest.approx(5.712e6, rel=0.01)
    assert business["contribution"].sum() < value(demo.revenue_month)


def test_volume_mix_and_price_sum_to_the_change(demo):
    change = value(demo.revenue_month) - value(demo.revenue_before)
    assert demo.price_volume["amount"].sum() == pytest.approx(change, abs=0.01)
    assert value(demo.volume) + value(demo.mix) + value(demo.price) == pytest.approx(change, abs=0.01)
    assert abs(value(demo.price)) < 0.01 * change, "list prices were the same in both Decembers"


def test_bills_reconcile_with_the_ledger(demo):
    assert abs(value(demo.ledger_difference)) < 0.02 and demo.ledger_months == 36
    rows = demo.reconciliation.set_index("row")
    billed = pytest.approx(rows.loc["billed"].to_numpy())
    assert (rows.loc["sale"] + rows.loc["refund"]).to_numpy() == billed
    assert (rows.loc["all_money"] + rows.loc["not_revenue"]).to_numpy() == billed
    assert rows.loc["billed", "now"] == pytest.approx(value(demo.revenue_month))


def test_first_and_repeat_receipts_are_those_of_the_scenario(demo):
    assert value(demo.receipt) == pytest.approx(16.38e6 / 4281, rel=0.01)
    visits = demo.visits.set_index("visit")
    assert visits.loc["first", "share"] + visits.loc["repeat", "share"] == pytest.approx(1)
    assert visits.loc["first", "share"] == pytest.approx(1 / 3, abs=0.02)
    assert demo.receipt.low < value(demo.receipt) < demo.receipt.high


# ---------------------------------------------------------------- a clinic by hand
def test_lines_by_hand(small):
    rows = small.lines.set_index(["dimension", "line"])
    assert rows.loc[("business", "surgery"), "revenue"] == 400 and rows.loc[("business", "outpatient"), "revenue"] == 200
    assert rows.loc[("branch", "X"), ["revenue", "before"]].tolist() == [100, 100]
    # two consultations sold, one refunded: 10 direct cost each
    assert rows.loc[("business", "outpatient"), "contribution"] == 190
    assert rows.loc[("payer", "insurer"), "contribution"] == 300


def test_price_and_volume_by_hand():
    """One service, one unit at 100 before, two units at 150 now: ln 2 of the log mean is volume, ln 1.5 price."""
    charges = """charge_id|patient_id|appointment_id|charged_on|service_id|kind|paid|quantity
        1|p1|a1|2015-02-03|c|sale|100|1
        2|p1|a2|2016-02-03|c|sale|300|2"""
    result = run(drawn(charges=charges))
    mean = 200 / 1.0986122886681098
    assert value(result.volume) == pytest.approx(mean * 0.6931471805599453)
    assert value(result.price) == pytest.approx(mean * 0.4054651081081644) and value(result.mix) == pytest.approx(0, abs=1e-9)
    assert result.says["title"].key == "volume"


def test_a_refund_paid_out_later_belongs_to_the_month_of_its_visit():
    """The lines by branch must sum to the revenue that counts the refund on the day of the visit."""
    later = DRAWN["charges"].replace("5|p2|a3|2016-02-05|c|refund", "5|p2|a3|2016-02-28|c|refund")
    moved = later + "\n        7|p1|a1|2016-02-20|c|refund|-40|X|cash|1"
    result = run(drawn(charges=moved))
    assert value(result.revenue_month) == 600 and value(result.revenue_before) == 60
    branches = result.lines[result.lines["dimension"] == "branch"]
    assert branches["revenue"].sum() == 600 and branches["before"].sum() == 60


def test_the_month_that_differs_most_is_named(small):
    assert value(small.ledger_difference) == pytest.approx(600 / 612 - 1)
    assert small.ledger_worst_month == date(2016, 2, 1) and small.ledger_months == 1
    assert small.reconciliation.set_index("row").loc["difference", "now"] == pytest.approx(-12)
    assert "ledger_agrees" in [f.key for f in small.findings]
    strict = run(drawn(), ledger_tolerance=0.01)
    assert "ledger_differs" in [f.key for f in strict.findings]


def test_real_growth_takes_inflation_off():
    result = run(drawn(), yearly_inflation=0.10)
    years = (date(2016, 2, 1) - date(2015, 2, 1)).days / 365.25
    assert value(result.real_change) == pytest.approx(6 / 1.1**years - 1)
    assert run(drawn()).real_change is None


# ---------------------------------------------------------------- exports that lack something
@pytest.mark.parametrize("changes", [{}, {"expenses": None}, {"services": None}], ids=["all", "no costs", "no services"])
def test_every_sentence_and_figure_is_made(changes):
    result = run(drawn(**changes))
    assert all(spoken("revenue", result, PERIOD).texts)
    gaps = [f.key for f in result.findings if f.kind == "not_answered"]
    assert gaps == {"expenses": ["no_ledger"], "services": ["no_services"]}.get(next(iter(changes), ""), [])


def test_without_services_no_line_of_business_and_no_contribution():
    result = run(drawn(services=None))
    assert not {"business", "kind"} & set(result.lines["dimension"]) and result.lines["contribution"].isna().all()


def test_one_month_of_data_compares_nothing():
    one = Period(start=date(2016, 2, 1), end=date(2016, 3, 1), now={"start": date(2016, 2, 1), "end": date(2016, 3, 1)})
    result = run(drawn(), one)
    assert result.price_volume.empty and result.volume is None and result.says["title"].key == "shown"
    assert all(spoken("revenue", result, one).texts)


def test_a_past_of_refunds_still_sums():
    back = DRAWN["charges"] + "\n        7|p1||2015-02-05|c|refund|-500|X|cash|1"
    result = run(drawn(charges=back))
    assert value(result.revenue_before) == -400
    assert result.price_volume["amount"].sum() in (0, pytest.approx(1000))
    assert all(spoken("revenue", result, PERIOD).texts)


def test_figures_of_the_demo(demo, demo_period):
    page = spoken("revenue", demo, demo_period, "RUB")
    assert page.figures == FIGURES
    assert page.texts[0] == "Revenue grew by volume: ₽17M a month more"
