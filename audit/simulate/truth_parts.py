"""The shapes of the truth: an anchor month, a channel, an administrator, a doctor, a class, a plan.

Money is in roubles, shares are 0–1.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Anchor:
    """Counted truth of one anchor month.

    ``load`` is completed outpatient visits over slots; ``conversion`` is first visits by call over
    answered opportunities; ``booked`` is booked over answered; money is paid net of refunds.
    """

    month: str
    slots: int
    visits: int
    primaries: int
    operations: int
    bed_days: int
    outpatient_revenue: int
    surgery_revenue: int
    answered_opportunities: int
    conversion: float
    booked: float
    missed_share: float
    first_receipt: float
    repeat_receipt: float
    children_share: float
    moscow_search_visitors: int
    moscow_share: float
    mobile_share: float
    fixed_cost: int
    marketing: int

    @property
    def revenue(self) -> int:
        """Outpatient and surgery money of the month."""
        return self.outpatient_revenue + self.surgery_revenue


@dataclass(frozen=True)
class Channel:
    """A way new callers find the clinic: answered opportunities and spend in the two anchor months."""

    name: str
    calls_before: int
    spend_before: int
    calls_after: int
    spend_after: int


@dataclass(frozen=True)
class Administrator:
    """Who answers: answered opportunities and share that became a first visit, before and after."""

    code: str
    calls_before: int
    conversion_before: float
    calls_after: int
    conversion_after: float
    salary: int = 35_000


@dataclass(frozen=True)
class Doctor:
    """A doctor: share of first visits, outpatient value of a first patient in 12 months, survey score.

    ``receipt_factor`` multiplies additional services per visit: the over-treating doctor's high value
    is made of them, so a ranking by value alone would wrongly praise him. ``cover`` weighs who sees
    other doctors' repeat patients, ``operates`` who stands in the operating room: revenue by
    performing doctor therefore ranks D05, who works double shifts, first although his patients'
    value is average.
    """

    code: str
    share_before: float
    value_before: float
    score_before: float
    share_after: float
    value_after: float
    score_after: float
    cover: float
    operates: float
    role: str
    receipt_factor_before: float = 1.0
    receipt_factor_after: float = 1.0


@dataclass(frozen=True)
class ValueClass:
    """A class of patients: share of first visits, outpatient visits and operations per patient."""

    name: str
    share_before: float
    visits_before: float
    share_after: float
    visits_after: float
    operations: int = 0


EVERYWHERE = "all branches"


@dataclass(frozen=True)
class PriceTest:
    """First visit at ``test_price`` in one branch only (or EVERYWHERE), over whole weeks.

    Calls of that branch are multiplied by ``calls_factor``; their conversion does not change, but the
    extra patients come once only ``one_off_points`` more often. A before–after comparison of the
    branch wrongly adds the clinic's growth of those weeks; the other branch shares it.
    """

    branch: str = "Branch 2"
    from_day: str = "2016-03-14"
    to_day: str = "2016-04-24"
    list_price: int = 2500
    test_price: int = 2000
    calls_factor: float = 1.30
    elasticity: float = -1.1758
    one_off_points: float = 0.08


@dataclass(frozen=True)
class Reactivation:
    """Lapsed patients called in October 2016 and a random hold-out that was not called.

    Responses are shares of the group: within ``first_days``, and after that within ``later_days``.
    Counting all returns of those called overstates the effect by what the hold-out did unasked.
    """

    called: int = 1000
    held_out: int = 200
    lapsed_days: int = 180
    from_day: str = "2016-10-03"
    to_day: str = "2016-10-07"
    first_days: int = 7
    later_days: int = 120
    called_first: float = 0.080
    called_later: float = 0.125
    held_first: float = 0.006
    held_later: float = 0.025


@dataclass(frozen=True)
class Plans:
    """What becomes of treatment plans, as shares of those that were not called off and had time to end.

    Plans are ``broken_off`` after the ``breaks_after``-th procedure, clearly more than after any other; ``stopped`` ones
    end at another step, ``never_begun`` ones before the first. ``called_off`` come on top: withdrawn by the doctor, they
    are nobody's failure; and of the complete ones a share ``replaced`` a longer plan. ``complete`` is what Kaplan–Meier of
    the time to the last planned service finds; dividing complete plans by all finds less, and courses counted without
    plans take the end of a short plan for a break.
    """

    breaks_after: int = 3
    complete: float = 0.68
    broken_off: float = 0.22
    stopped: float = 0.05
    never_begun: float = 0.05
    called_off: float = 0.03
    replaced: float = 0.05


@dataclass(frozen=True)
class AgencyTest:
    """Agency context ads of November and December 2015: too few calls to say what a patient costs."""

    months: tuple[str, str] = ("2015-11", "2015-12")
    calls: tuple[int, int] = (5, 5)
    primaries: tuple[int, int] = (3, 2)
    spend: tuple[int, int] = (75_000, 75_000)


@dataclass(frozen=True)
class Saturation:
    """Answered calls a week from own context ads: a · x / (x + k), x roubles a week, noise on both.

    Between regimes ``a`` moves, so a curve fitted over all weeks wrongly finds no saturation.
    """

    half: int = 60_000
    level_before: float = 30.0
    level_after: float = 108.0
    weekly_spend_before: int = 34_500
    weekly_spend_after: int = 42_800
    noise: float = 0.12
    spend_variation: float = 0.28
    off_weeks: tuple[str, str] = ("2015-05-04", "2016-02-29")


@dataclass(frozen=True)
class BgNbd:
    """Pure repeat buying of process G1: Gamma(r, alpha days) rate, Beta(a, b) dropout after each repeat."""

    r: float = 0.55
    alpha_days: float = 28.0
    a: float = 0.85
    b: float = 1.9


@dataclass(frozen=True)
class GammaGamma:
    """Pure spend of process G1: receipt ~ Gamma(p, rate nu), nu ~ Gamma(q, rate v); mean p·v/(q−1)."""

    p: float = 6.0
    q: float = 4.0
    v: float = 9_000.0
