"""Progress: stand-ins of both audits with known changes; what is compared with what, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from audit.analyses.progress import ProgressParams, ProgressResult, analyse
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.results import Estimate, exact
from audit.results.earlier_audit import EarlierAudit
from tests.pages import NONSENSE, spoken

THEN = Period(start=date(2014, 1, 1), end=date(2016, 1, 1), now=Days(start=date(2015, 7, 1), end=date(2016, 1, 1)))
NOW = Period(start=date(2014, 1, 1), end=date(2017, 1, 1), now=Days(start=date(2016, 7, 1), end=date(2017, 1, 1)))


def share(value: float, half: float = 0.02) -> Estimate:
    return Estimate(value, value - half, value + half, "share", 400)


def money(value: float, half: float) -> Estimate:
    return Estimate(value, value - half, value + half, "currency", 400)


def results(**other: Any) -> dict[str, Any]:
    """Stand-ins with the agreed names only; ``other`` by name of the estimate."""
    known = {
        "room_load": share(0.50), "bottleneck": "ward", "bottleneck_load": share(0.80), "missed_share": share(0.18),
        "conversion": share(0.40), "return_90": share(0.48), "value_365": money(20_000, 900),
        "cost_per_first_patient": money(1500, 100), "profit_month": exact(100_000, "currency", 184), **other,
    }  # fmt: skip
    of = {
        "capacity": ("room_load", "bottleneck", "bottleneck_load"), "funnel": ("missed_share",), "administrators": ("conversion",),
        "retention": ("return_90",), "clv": ("value_365",), "channels": ("cost_per_first_patient",), "finance": ("profit_month",),
    }  # fmt: skip
    return {section: SimpleNamespace(**{name: known[name] for name in names}) for section, names in of.items()}


def printed(found: dict[str, Any]) -> dict[str, Estimate]:
    return {f"{section}.{name}": value for section, part in found.items() for name, value in vars(part).items() if isinstance(value, Estimate)}


def earlier(then: dict[str, Any], since: dict[str, Any], **other: Any) -> EarlierAudit:
    settings = {"published": printed(then), "names": {"bottleneck": "ward"}, "restated": then, "since": since, "window": THEN.present}
    return EarlierAudit(run="20160101-aaaaaaa", period=THEN, **{**settings, **other})


def compared(then: dict[str, Any], now: dict[str, Any], goals: dict[str, float] | None = None, period: Period = NOW, **other: Any) -> ProgressResult:
    since = other.pop("since", now)
    return analyse(earlier(then, since, **other), **now, period=period, params=ProgressParams(goals=goals or {}))


def reading(result: ProgressResult) -> dict[str, str]:
    return {row.figure: row.reading for frame in (result.shares, result.money) if frame is not None for row in frame.itertuples()}


def why(result: ProgressResult) -> dict[str, str]:
    return {} if result.refused is None else dict(zip(result.refused.figure, result.refused.why, strict=True))


def test_nothing_moved() -> None:
    result = compared(results(), results())
    assert set(reading(result).values()) == {"unclear_same"} and (result.better, result.worse, result.unclear) == (0, 0, 8)
    assert result.rooms_change is not None and result.rooms_change.value == 0


def test_better_is_up_or_down_as_the_owner_counts_it() -> None:
    result = compared(results(), results(missed_share=share(0.06), return_90=share(0.40), cost_per_first_patient=money(3000, 100)))
    read = reading(result)
    assert (read["missed"], read["return"], read["cost"]) == ("good_better", "act_worse", "act_worse")
    assert (result.better, result.worse) == (1, 2)
    assert [finding.key for finding in result.findings][:3] == ["worse", "worse", "better"]


def test_an_interval_of_a_change_misses_zero_exactly_if_it_is_called_a_change() -> None:
    for moved in (0.005, 0.02, 0.03, 0.04, 0.05, 0.08):
        result = compared(results(), results(missed_share=share(0.18 + moved), conversion=share(0.40 + moved / 2)))
        for row in result.shares.itertuples():
            assert (row.change_low > 0 or row.change_high < 0) == (row.reading != "unclear_same")


def test_a_change_that_alone_would_stand_out_does_not_among_eight() -> None:
    """Two halves of 0.02 make 0.0283 at 90 %: 0.03 alone misses zero, one of seven at q = 0.10 does not."""
    assert reading(compared(results(), results(missed_share=share(0.21))))["missed"] == "unclear_same"


def test_a_plain_count_is_called_counted() -> None:
    result = compared(results(), results(profit_month=exact(150_000, "currency", 184)))
    assert reading(result)["profit"] == "counted_better"
    assert result.profit_change is not None and result.profit_change.is_exact and result.profit_change.value == 50_000


def test_then_is_computed_again_and_what_was_printed_stands_beside_it() -> None:
    before = results(missed_share=share(0.30))
    result = compared(results(), results(), published=printed(before))
    row = result.shares.set_index("figure").loc["missed"]
    assert (row.printed, row.then) == (0.30, 0.18) and reading(result)["missed"] == "unclear_same"
    finding = next(finding for finding in result.findings if finding.key == "restated")
    assert finding.values["figure"] == "missed" and finding.values["count"] == 1


def test_what_was_printed_is_compared_only_if_nothing_about_it_changed() -> None:
    now = results(missed_share=share(0.06))
    same = compared(results(), now, restated={})
    assert reading(same)["missed"] == "good_better" and same.grade == "C"
    assert why(compared(results(), now, restated={}, changed={"funnel": ("return_days",)}))["missed"] == "other_definition"
    month = NOW.model_copy(update={"now": Days(start=date(2016, 12, 1), end=date(2017, 1, 1))})
    other = why(compared(results(), now, restated={}, period=month))
    assert other["missed"] == "other_definition" and "value" not in other, "patients are followed equally long all the same"
    with pytest.raises(NotAnswerable, match="nothing_to_compare"):
        compared(results(), now, restated={}, is_same_code=False)


def test_patients_are_compared_with_those_who_came_since() -> None:
    now = results(return_90=share(0.50))
    assert compared(results(), now, since=results(return_90=share(0.60))).shares.set_index("figure").loc["return"].now == 0.60
    young = results()
    young["clv"].value_365 = None
    assert why(compared(results(), now, since=young)) == {"value": "too_early"}


def test_another_resource_is_another_number() -> None:
    assert why(compared(results(), results(bottleneck="operating")))["bottleneck"] == "other_resource"


def test_a_page_that_was_not_answered_is_told() -> None:
    now = results()
    now["channels"] = None
    assert why(compared(results(), now))["cost"] == "not_now"
    then = results()
    then["funnel"] = SimpleNamespace()
    assert why(compared(then, results()))["missed"] == "not_then"


def test_days_on_both_sides_are_refused() -> None:
    late = Days(start=date(2015, 9, 1), end=date(2016, 9, 1))
    with pytest.raises(NotAnswerable, match="overlap"):
        compared(results(), results(), window=late)


def test_goals_are_those_of_now() -> None:
    result = compared(results(), results(missed_share=share(0.06)), goals={"funnel.missed_share": 0.10, "conversion": 0.60})
    goal = result.shares.set_index("figure").goal
    assert (goal["missed"], goal["conversion"], goal["rooms"]) == ("good", "act", "none")


def test_other_seasons_and_settings_are_said() -> None:
    keys = {finding.key for finding in compared(results(), results()).findings}
    assert not keys & {"season", "settings", "code", "refused"}
    spring = THEN.model_copy(update={"end": date(2015, 4, 1)})
    audit = replace(earlier(results(), results()), period=spring, window=Days(start=date(2014, 10, 1), end=date(2015, 4, 1)), is_same_code=False, changed={"clv": ("level",)})
    result = analyse(audit, **results(), period=NOW, params=ProgressParams())
    assert {"season", "settings", "code"} <= {finding.key for finding in result.findings}


@pytest.mark.parametrize("now", [
    results(), results(missed_share=share(0.06)), results(return_90=share(0.3)), results(missed_share=share(0.06), return_90=share(0.3), bottleneck="operating"),
])
@pytest.mark.parametrize("restated", [True, False])
def test_the_page_can_be_said(now: dict[str, Any], restated: bool) -> None:
    result = compared(results(missed_share=share(0.2)), now, published=printed(results()), **({} if restated else {"restated": {}}))
    said = spoken("progress", result, NOW)
    assert said.figures == ("shares",)
    assert not any(nonsense in text for text in said.texts for nonsense in NONSENSE)
