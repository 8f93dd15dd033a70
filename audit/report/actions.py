"""What to do first: the candidate actions of the plan, grouped and drawn on one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from audit.report.book import Book, Section
from audit.report.summary import Card, known
from audit.results import Estimate, Result
from audit.workbench.page import parts
from audit.workbench.pictures import scale_of

GROUPS = ("do_now", "test_first", "leave")
ROWS, MOST_NOW, MOST_LEFT = 8, 5, 1
"""Actions on the page, and of them those to do now and to leave, so that it stays one sheet; the work plan's file has all."""
SOURCE = "plan"
WIDTH = 32.0
"""Of the line of an interval, in millimetres: the words beside it need the rest."""
TOGETHER = "joint_gain"
"""The plan's estimate of what the actions to do now bring together."""


@dataclass(frozen=True)
class Action:
    """One candidate action, in words."""

    number: int
    group: str
    title: Markup
    step: Markup | None
    who: Markup | None
    line: Markup
    gain: Estimate
    expected: str
    chance: str
    effort: Markup | str
    evidence: str
    anchor: str | None


@dataclass(frozen=True)
class Plan:
    """The actions page and what the summary takes from it."""

    actions: tuple[Action, ...]
    together: Estimate | None

    def group(self, name: str) -> tuple[Action, ...]:
        """The actions of one group, best first."""
        return tuple(action for action in self.actions if action.group == name)

    def shown(self, name: str) -> tuple[Action, ...]:
        """Those of one group that have room on the page; tests take what the others leave."""
        now, left = len(self.group("do_now")[:MOST_NOW]), len(self.group("leave")[:MOST_LEFT])
        return self.group(name)[: {"do_now": now, "test_first": ROWS - now - left, "leave": left}[name]]

    @property
    def tests(self) -> int:
        """How many tests the year's plan begins, or all there are where it does not say."""
        every = self.group("test_first")
        return sum(action.who is not None for action in every) or len(every)


def plan(book: Book) -> Plan:
    """The actions of the plan; without actions when there is none."""
    section, result = book.section(SOURCE), book.result(SOURCE)
    frame = result.tables().get("actions") if result is not None else None
    if section is None or result is None or frame is None or frame.empty:
        return Plan((), None)
    frame = frame.sort_values(["gain", "action"], ascending=[False, True], kind="stable")
    rows = [row for group in GROUPS for row in frame[frame["group"] == group].to_dict("records")]
    begun = _begun(book, section, result)
    scale = scale_of(
        [min(0.0, row["gain_low"]) for row in rows], [max(0.0, row["gain_high"]) for row in rows], width=WIDTH
    )
    form = book.words.numbers.column(
        [row["gain"] for row in rows], [(row["gain_low"], row["gain_high"]) for row in rows], "currency"
    )
    actions = []
    for number, row in enumerate(rows, start=1):
        gain = Estimate(row["gain"], row["gain_low"], row["gain_high"], "currency", 0)
        label = book.words.numbers.ci(gain, signed=True)
        line = parts().line(scale.line(gain.low, gain.value, gain.high, label=label, signs=True)) if scale else ""
        actions.append(Action(
            number, row["group"], *_words(section, result, row["action"]), begun.get(row["action"]), Markup(line), gain,
            expected=book.words.numbers.cell(gain.value, form, signed=True),
            chance=book.words.numbers.chance(row["chance"]) if not math.isnan(row["chance"]) else "–",
            effort=book.words.sentence(f"actions.effort.{row['effort']}"),
            evidence=str(row["evidence"]),
            anchor=_anchor(book, row["section"]),
        ))  # fmt: skip
    return Plan(tuple(actions), known(book, SOURCE, TOGETHER))


def _begun(book: Book, section: Section, result: Result) -> dict[str, Markup]:
    """Who begins when and what is watched, for the actions of the year's plan."""
    log = result.tables().get("log")
    words = section.page.words
    return {} if log is None else {
        row["action"]: book.words.sentence("actions.who", extra={
            "owner": words.value("log", "owner", row["owner"]), "start": row["start"], "kpi": words.value("log", "kpi", row["kpi"]),
        })
        for row in log.to_dict("records")
    }


def _words(section: Section, result: Result, action: str) -> tuple[Markup, Markup | None]:
    words = section.page.words
    return words.sentence(f"actions.{action}.title", result), words.optional(f"actions.{action}.step", result)


def _anchor(book: Book, name: Any) -> str | None:
    section = book.section(str(name))
    return section.anchor if section else None


def heading(book: Book, found: Plan) -> tuple[Markup, Markup | None]:
    """Title and lede of the actions page."""
    if not found.actions:
        return book.words.sentence("actions.title.none"), book.words.sentence("actions.lede.none")
    first = found.actions[0]
    variant = "sure" if found.group("do_now") else "tests"
    shown = sum(len(found.shown(group)) for group in GROUPS)
    extra = {"action": first.title, "gain": first.gain, "total": len(found.actions), "rest": len(found.actions) - shown}
    extra |= {group: len(found.group(group)) for group in GROUPS}
    return book.words.sentence(f"actions.title.{variant}", extra=extra), book.words.sentence(
        "actions.lede.some", extra=extra
    )


def boxes(book: Book, found: Plan) -> list[dict[str, Markup]]:
    """What the actions bring together, and what would change their order."""
    items = []
    do_now = found.group("do_now")
    if found.together is not None and do_now:
        added = sum(action.gain.value for action in do_now)
        extra = {
            "together": found.together,
            "sum": Estimate(added, added, added, "currency", 0),
            "actions": len(do_now),
        }
        items.append({part: book.words.sentence(f"actions.together.{part}", extra=extra) for part in ("title", "text")})
    section, result = book.section(SOURCE), book.result(SOURCE)
    if section is not None and result is not None:
        own = {part: section.page.words.optional(f"actions_page.order.{part}", result) for part in ("title", "text")}
        if all(own.values()):
            items.append({part: text for part, text in own.items() if text is not None})
    return items


def decisions(book: Book, found: Plan, cards: Sequence[Card]) -> list[Markup]:
    """Three decisions: what to start, which two numbers to watch, what to test or to record."""
    numbers = sorted((card for card in cards if card.value is not None), key=lambda card: _urgency(card.state))[:2]
    tests = found.group("test_first")
    start = found.group("do_now")[:3]
    said = []
    if start:
        said.append(book.words.sentence("summary.decisions.start", extra={"actions": _list(start)}))
    if len(numbers) == 2:
        extra = {"one": numbers[0].label, "two": numbers[1].label}
        said.append(book.words.sentence("summary.decisions.numbers", extra=extra))
    if tests:
        said.append(book.words.sentence("summary.decisions.test", extra={"action": tests[0].title}))
    own = (_decides(section) for section in book.sections if section.page.number)
    said += [text for text in own if text is not None][: max(3 - len(said), 0)]
    return said[:3]


def _urgency(state: str | None) -> int:
    return ("act", "watch", "unclear", "good").index(state) if state else 4


def _list(actions: Sequence[Action]) -> Markup:
    return Markup("; ").join(action.title for action in actions)


def _decides(section: Section) -> Markup | None:
    if section.answered is None:
        return None
    return section.page.words.optional("notes.decide", section.answered)
