"""What a page tells first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audit.results import Finding, exact, gravest
from audit.results.finding import GRAVITY

KINDS = (*GRAVITY, "not_answered")


def found(*said: tuple[str, str, float | None]) -> tuple[Finding, ...]:
    return tuple(Finding(key, kind, impact=exact(worth, "currency", 9) if worth else None) for key, kind, worth in said)


def keys(findings: tuple[Finding, ...], most: int) -> list[str]:
    return [finding.key for finding in gravest(findings, most)]


GAIN_THEN_LIMIT = found(
    ("raised", "opportunity", None), ("praise", "strength", None), ("less", "opportunity", 100.0),
    ("more", "opportunity", 900.0), ("rooms_full", "caveat", None), ("unseen", "caveat", None), ("gap", "not_answered", None),
)


def test_a_gain_is_not_told_without_what_limits_it():
    assert keys(GAIN_THEN_LIMIT, 2) == ["rooms_full", "more"]
    assert keys(GAIN_THEN_LIMIT, 4) == ["rooms_full", "more", "less", "raised"]
    assert keys(GAIN_THEN_LIMIT, 9) == ["rooms_full", "unseen", "more", "less", "raised", "praise"]


def test_risks_lead_by_money_and_praise_goes_first_when_room_is_short():
    findings = found(("praise", "strength", 9e9), ("small", "risk", 10.0), ("large", "risk", -50.0), ("doubt", "caveat", None))
    assert keys(findings, 3) == ["large", "small", "doubt"]
    assert keys(findings, 2) == ["large", "doubt"]
    assert keys(findings, 1) == ["large"]


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from([None, 1.0, -5.0])), max_size=9), st.integers(1, 6))
def test_laws_of_the_choice(said, most):
    findings = found(*((str(i), kind, worth) for i, (kind, worth) in enumerate(said)))
    chosen = gravest(findings, most)
    told = [finding for finding in findings if finding.kind != "not_answered"]
    assert len(chosen) == min(most, len(told)) and all(finding in told for finding in chosen)
    places = [GRAVITY.index(finding.kind) for finding in chosen]
    assert places == sorted(places)
    if most > 1 and any(finding.kind == "caveat" for finding in told):
        assert any(finding.kind == "caveat" for finding in chosen)
