"""Judging: which actions of the catalogue are weighed here, and what each would do to a month.

An action is judged when everything it rests on is known and its trigger is met; else the reason comes back:
``not_needed``, or the name of the analysis that lacks what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zlib import crc32

import numpy as np
from numpy.random import Generator

from audit.actions import Action
from audit.models.drivers import Change, uniform
from audit.models.mechanisms import DRAWS, MECHANISMS, NOT_NEEDED, Judgement, Setting
from audit.models.workload import MONTHS, WEEKS, Task, jobs
from audit.results import Estimate, Grade

Known = Callable[[str], Any]
"""The value of “analysis.field”, None where it is not known."""


def judged(
    actions: Iterable[Action], setting: Setting, known: Known, rates: Mapping[str, float], *, thresholds: Mapping[str, float],
    seed: int, best: Grade,
) -> tuple[dict[str, Change], dict[str, Grade], list[tuple[str, str, str]]]:
    """Changes and grades of the actions that can be judged; for the others action, reason, section.

    ``thresholds`` replace the catalogue's by action; no grade is better than ``best``. Each action has draws of its own,
    so that one more or less does not change the others.
    """
    changes: dict[str, Change] = {}
    grades: dict[str, Grade] = {}
    reasons: list[tuple[str, str, str]] = []
    for action in actions:
        rng = np.random.default_rng([seed, crc32(action.key.encode())])
        found = effect(action, setting, known, rng, thresholds.get(action.key))
        if isinstance(found, str):
            reasons.append((action.key, found, action.section))
            continue
        yearly = float(np.nan_to_num(jobs(tasks_of(action, 0, action.weeks), rates)["cost"].sum()))
        least = yearly / MONTHS * setting.cost_scale
        changes[action.key] = setting.change(rng, found, effort=None if action.is_one_off else action.effort, least_cost=least)
        grades[action.key] = max(best, action.evidence, found.grade)
    return changes, grades, reasons


def effect(action: Action, setting: Setting, known: Known, rng: Generator, threshold: float | None = None) -> Judgement:
    """What an action would do here, or why that is not judged."""
    trigger = action.trigger
    value = known(trigger.field)
    if value is None:
        is_told = trigger.rests_on is not None and known(trigger.rests_on) is not None
        return NOT_NEEDED if is_told else trigger.field.split(".")[0]
    if not trigger.moved_to(threshold).is_met(_number(value)):
        return NOT_NEEDED
    for reference in action.inputs.values():
        if known(reference) is None:
            return reference.split(".")[0]
    inputs = {name: known(reference) for name, reference in (action.inputs | action.optional).items()}
    part = uniform(rng, DRAWS, action.expected.low, action.expected.high)
    return MECHANISMS[action.mechanism](setting, rng, part, **inputs, **action.constants)


def tasks_of(action: Action, start: int, weeks: int, check: int = WEEKS, is_test: bool = False) -> list[Task]:
    """The work of an action that begins in week ``start``; a test ends when its number is looked at."""
    return [
        Task(action.key, job.task, job.role, job.every, job.hours, start, weeks, check if is_test else WEEKS)
        for job in action.jobs
    ]


def _number(value: Any) -> float:
    return value.value if isinstance(value, Estimate) else float(value)
