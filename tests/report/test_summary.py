"""Status of a key figure by where its interval lies against the goal."""

from __future__ import annotations

import pytest

from audit.errors import ConfigError
from audit.report.summary import check_goals, ranked_findings
from audit.results import Estimate, exact
from audit.results.key_figures import KEY_FIGURES, state_of


@pytest.mark.parametrize(
    ("value", "low", "high", "goal", "better", "state"),
    [
        (0.80, 0.77, 0.83, 0.75, "high", "good"),
        (0.72, 0.70, 0.74, 0.75, "high", "watch"),
        (0.43, 0.36, 0.51, 0.75, "high", "act"),
        (0.74, 0.70, 0.78, 0.75, "high", "unclear"),
        (0.17, 0.16, 0.18, 0.08, "low", "act"),
        (0.07, 0.06, 0.075, 0.08, "low", "good"),
        (64, 56, 74, 65, "low", "unclear"),
    ],
)
def test_states(value, low, high, goal, better, state):
    assert state_of(Estimate(value, low, high, "number", 9), goal, better) == state


def test_a_counted_figure_is_judged_by_its_value_and_a_ceiling_is_always_acted_on():
    assert state_of(exact(38_400, "currency", 1), 41_000, "high") == "watch"
    assert state_of(Estimate(0.88, 0.86, 0.90, "share", 9), 0.85, "low", is_ceiling=True) == "act"
    assert state_of(Estimate(0.88, 0.86, 0.90, "share", 9), 0.85, "low") == "watch"


def test_the_eight_cards_are_all_different():
    assert len({card.key for card in KEY_FIGURES}) == 8


def test_findings_are_ranked_by_worth_without_warnings(made):
    ranked = ranked_findings(made.book)
    assert [item.finding.key for item in ranked] == ["full", "free_hours", "peak_full"]


def test_a_goal_that_nothing_is_compared_with_is_refused_with_a_suggestion():
    check_goals({"retention.return_90": 0.5, "room_load": 0.85})
    with pytest.raises(ConfigError, match=r"clv\.return_90.*did you mean retention\.return_90"):
        check_goals({"clv.return_90": 0.5})
