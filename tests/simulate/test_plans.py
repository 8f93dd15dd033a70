"""Treatment plans of the synthetic clinic: made at a visit, priced as listed, of the fates the truth says."""

from __future__ import annotations

import pandas as pd
import pytest

from audit.simulate import simulate_clinic

END = pd.Timestamp("2017-01-01")


@pytest.fixture(scope="module")
def fates(demo_clinic) -> pd.DataFrame:
    """Plans not called off with their number of services done from the day of the plan, and the last of them."""
    plans, bills = demo_clinic.tables["plans"], demo_clinic.tables["charges"].query("kind == 'sale'")
    lines = plans[plans["cancelled_on"].isna()].reset_index(drop=True)
    done = lines.reset_index().merge(bills, on=["patient_id", "service_id"]).query("charged_on >= planned_on").groupby("index")
    return lines.assign(
        done=done.size().reindex(lines.index, fill_value=0), last=pd.to_datetime(done["charged_on"].max()).reindex(lines.index)
    )


def test_plans_are_made_at_a_visit_and_priced_as_listed(demo_clinic):
    plans, visits = demo_clinic.tables["plans"], demo_clinic.tables["appointments"].query("status == 'completed'")
    seen = set(zip(visits["patient_id"], visits["starts_at"].dt.normalize(), strict=True))
    new = ~plans["plan_id"].duplicated() & plans["cancelled_on"].isna()
    at_visit = [(who, day) in seen for who, day in zip(plans["patient_id"], plans["planned_on"], strict=True)]
    # a plan that replaces another was made the day after, at the desk
    assert pd.Series(at_visit)[new].mean() > 0.96
    price = demo_clinic.tables["prices"].drop_duplicates("service_id").set_index("service_id")["price"]
    assert (plans["amount"] == plans["planned"] * plans["service_id"].map(price)).all()
    assert plans["line_id"].is_unique and plans["planned_on"].max() < END and (plans["planned"] >= 1).all()


def test_fates_have_the_shares_of_the_truth(fates, demo_truth):
    truth = demo_truth.plans
    over = fates[fates["last"].fillna(fates["planned_on"]) < END - pd.Timedelta(days=7)].drop_duplicates("plan_id")
    left = over["planned"] > over["done"]
    broken, begun = left & (over["done"] == truth.breaks_after), over["done"] > 0
    stopped = left & begun & ~broken
    for found, planted in (
        (~left, truth.complete), (broken, truth.broken_off), (stopped, truth.stopped), (~begun, truth.never_begun),
    ):
        assert found.mean() == pytest.approx(planted, abs=0.01)
    assert truth.complete + truth.broken_off + truth.stopped + truth.never_begun == pytest.approx(1)


def test_some_plans_run_over_the_end_and_some_were_called_off(fates, demo_clinic):
    recent = fates[fates["last"] >= END - pd.Timedelta(days=7)]
    assert (recent["planned"] > recent["done"]).sum() > 20
    plans = demo_clinic.tables["plans"]
    called_off = plans[plans["cancelled_on"].notna()]
    assert len(called_off) > 30 and (called_off["cancelled_on"] > called_off["planned_on"]).all()
    follows = called_off.merge(plans, left_on=["patient_id", "service_id", "cancelled_on"], right_on=["patient_id", "service_id", "planned_on"])
    assert len(follows) > 10


def test_the_statistical_population_has_no_plans():
    assert simulate_clinic(size=0.02, process="G1").tables["plans"].empty
