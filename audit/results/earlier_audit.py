"""EarlierAudit: what an earlier audit of the same client found, and the same days computed again today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.config import Days, Period
from audit.results.estimate import Estimate
from audit.results.result import Result


@dataclass(frozen=True)
class EarlierAudit:
    """An earlier run, as far as key figures go; ``window`` are the days compared with today's present.

    ``published`` holds its estimates by “analysis.name” as they were printed, ``names`` what they measured where that may
    change. ``restated`` are results of its days from today's exports and by today's settings, over as many days as today's
    present; an analysis whose exports no longer reach back is absent. ``since`` are today's results from patients whose
    first visit came after its last day, so that nobody stands on both sides. ``changed`` are settings that were others
    then, by analysis; ``is_same_code`` says that it was computed by today's code.
    """

    run: str
    period: Period
    window: Days
    published: Mapping[str, Estimate]
    names: Mapping[str, str] = field(default_factory=dict)
    restated: Mapping[str, Result] = field(default_factory=dict)
    since: Mapping[str, Result] = field(default_factory=dict)
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_same_code: bool = True
