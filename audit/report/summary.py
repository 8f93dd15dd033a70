"""The summary page as data: eight key figures against their goals, the findings that matter most, three decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from audit.config import suggestion
from audit.errors import ConfigError
from audit.report.book import Book, Section
from audit.results import Estimate, Finding
from audit.results.key_figures import KEY_FIGURES, Measured, State, state_of
from audit.workbench.pictures import Scale

COLOURS: Mapping[str, str] = {"good": "#17766B", "watch": "#8A5A00", "act": "#B23A10", "unclear": "#65717C"}
URGENCY = ("risk", "opportunity", "strength")
OWN_PAGE = ("data_quality", "plan")
"""Sections that speak elsewhere in front: the actions page is what the plan found."""

MOST_FINDINGS = 6
MOST_OF_ONE_SECTION = 2


def check_goals(goals: Mapping[str, float]) -> None:
    """ConfigError for a goal that no key figure would be compared with."""
    allowed = [f"{what.section}.{name}" for what in KEY_FIGURES for name in what.estimates]
    known = {*allowed, *(name for what in KEY_FIGURES for name in what.estimates)}
    for key in goals:
        if key not in known:
            raise ConfigError(f"clinic.yml: goals: no key figure “{key}”: {suggestion(key, allowed)}")


@dataclass(frozen=True)
class Card:
    """One key figure, ready to print; ``value`` is None when it is not known and ``why`` says so."""

    label: Markup
    value: str | None
    bounds: str = ""
    why: Markup | None = None
    state: State | None = None
    goal: Markup | None = None
    mark: Mapping[str, float | str | None] | None = None


@dataclass(frozen=True)
class Ranked:
    """A finding with the section it comes from."""

    section: Section
    finding: Finding

    @property
    def text(self) -> Markup:
        """In words."""
        result = self.section.result
        assert result is not None
        return self.section.page.words.finding(result, self.finding)


def cards(book: Book) -> list[Card]:
    """The eight cards, without those of pages the preset leaves out."""
    return [_card(book, what) for what in KEY_FIGURES if book.context.preset.shows(what.section)]


def known(book: Book, section: str, *names: str) -> Estimate | None:
    """The first of the estimates ``names`` of a section that is known."""
    result = book.result(section)
    found = (getattr(result, name, None) for name in names)
    return next((value for value in found if isinstance(value, Estimate)), None)


def _card(book: Book, what: Measured) -> Card:
    result = book.result(what.section)
    extra = _label_values(book, what)
    label = book.words.sentence(f"summary.cards.{what.key}.label", extra=extra)
    estimate = known(book, what.section, *what.estimates)
    if result is None or estimate is None:
        return Card(label, None, why=book.words.sentence("summary.missing"))
    numbers = book.words.numbers
    goal, kind = _goal(book, what, estimate)
    state = state_of(estimate, goal, what.better, is_ceiling=kind == "ceiling") if goal is not None else None
    said = {"goal": numbers.text(goal, estimate.unit)} if goal is not None else {}
    return Card(
        label=label,
        value=numbers.text(estimate),
        bounds="" if estimate.is_exact else f"({numbers.bounds(estimate)})",
        state=state,
        goal=book.words.sentence(f"summary.goal.{kind}", extra=said) if goal is not None else None,
        mark=_mark(estimate, goal, state, what.span),
    )


def _label_values(book: Book, what: Measured) -> dict[str, str]:
    if what.key != "bottleneck":
        return {}
    section, result = book.section(what.section), book.result(what.section)
    code = getattr(result, "bottleneck", None) or "ward"
    words = section.page.words if section else None
    return {"resource": words.value("resources", "resource", code) if words else str(code)}


def _goal(book: Book, what: Measured, estimate: Estimate) -> tuple[float | None, str]:
    goal = what.goal(book.context.config.goals)
    if goal is not None:
        return goal, "goal"
    ceiling = known(book, what.section, what.ceiling) if what.ceiling else None
    return (ceiling.value, "ceiling") if ceiling else (None, "goal")


def _mark(
    e: Estimate, goal: float | None, state: State | None, span: tuple[float, float] | None
) -> dict[str, float | str | None]:
    every = [e.low, e.value, e.high, *([goal] if goal is not None else [])]
    low, high = span or (min(0.0, min(every) * 1.25), max(every) * 1.25)
    if high <= low:
        high = low + 1.0
    scale = Scale(low, high, width=40.0, margin=1.0)
    return {
        "low": None if e.is_exact else scale.at(e.low),
        "width": round(scale.at(e.high) - scale.at(e.low), 2),
        "value": scale.at(e.value),
        "goal": None if goal is None else scale.at(goal),
        "colour": COLOURS[state] if state else "#0F4C6B",
    }


def ranked_findings(book: Book, most: int = MOST_FINDINGS) -> list[Ranked]:
    """The findings worth most money, then the rest; at most two of one section, none that only warn."""
    every = [
        Ranked(section, finding)
        for section in book.sections
        if section.answered is not None and section.page.name not in OWN_PAGE
        for finding in section.answered.findings
        if finding.kind not in ("not_answered", "caveat")
    ]
    every.sort(key=lambda item: (-item.finding.worth, URGENCY.index(item.finding.kind)))
    chosen: list[Ranked] = []
    for item in every:
        same = [other for other in chosen if other.section.page.number == item.section.page.number]
        if len(same) < MOST_OF_ONE_SECTION and len(chosen) < most:
            chosen.append(item)
    return chosen
