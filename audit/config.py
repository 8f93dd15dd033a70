"""``clinic.yml`` as a type: who the client is, which days are audited, what differs from the defaults."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from audit.errors import ConfigError, Problem, UsageError, told

Language = Literal["en", "ru", "hr"]
Depth = Literal["light", "standard", "full"]
DEPTHS: tuple[str, ...] = get_args(Depth)
HOUSE = Path(__file__).resolve().parents[1]
"""Where the notebooks and templates are; clients' data and reports lie in the workspace."""

M = TypeVar("M", bound=BaseModel)
HYPOTHESES = "hypotheses.yml"
NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,39}$"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Days(_Frozen):
    """Half-open range of days: ``start`` is in it, ``end`` is not."""

    start: date
    end: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"end {self.end} is not after start {self.start}")
        return self

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.end - self.start).days

    @property
    def months(self) -> float:
        """Length in mean months of 30.4375 days, for rates per month; exact for whole calendar months."""
        if self.start.day == 1 and self.end.day == 1:
            return float((self.end.year - self.start.year) * 12 + self.end.month - self.start.month)
        return self.days / 30.4375


def calendar_months(first: date, last: date) -> list[Days]:
    """The whole calendar months from that of ``first`` to that of ``last``, in order."""
    count = 12 * (last.year - first.year) + last.month - first.month + 2
    starts = [date(first.year + (first.month - 1 + number) // 12, (first.month - 1 + number) % 12 + 1, 1) for number in range(count)]
    return [Days(start=start, end=end) for start, end in pairwise(starts)]


class Period(Days):
    """The days audited, and inside them the days called *now* and the days compared *before*.

    ``now`` defaults to the last six whole months (or what there is), ``before`` to the same months a
    year earlier if the period reaches back so far.
    """

    now: Days | None = None
    before: Days | None = None

    @property
    def present(self) -> Days:
        """The days the report calls “now”."""
        if self.now is not None:
            return self.now
        end = self.end.replace(day=1) if (self.end - self.start).days > 45 else self.end
        start = max(self.start, months_earlier(end, 6)) if end.day == 1 else self.start
        return Days(start=start, end=end)

    @property
    def past(self) -> Days | None:
        """The days the present is compared with, or None."""
        if self.before is not None:
            return self.before
        now = self.present
        start, end = months_earlier(now.start, 12), months_earlier(now.end, 12)
        return Days(start=start, end=end) if start >= self.start else None


def months_earlier(day: date, months: int) -> date:
    """The same day of the month ``months`` before, the 28th at the latest."""
    number = day.year * 12 + day.month - 1 - months
    first = date(number // 12, number % 12 + 1, 1)
    return first + timedelta(days=min(day.day, 28) - 1)


Stage = Literal["need", "search", "call", "first_visit", "second_visit", "treatment", "recommends"]


class JourneyStage(_Frozen):
    """What patients told of one stage of their journey; short, because it stands in a narrow column."""

    wants: str = Field(default="", max_length=80)
    touchpoints: str = Field(default="", max_length=80)
    pains: str = Field(default="", max_length=80)
    change: str = Field(default="", max_length=80)


class JourneyMap(_Frozen):
    """``cjm.yml``: what interviews and listening told, by stage; where it comes from; the way people should take."""

    source: str = Field(default="", max_length=120)
    ideal: tuple[str, ...] = ()
    stages: dict[Stage, JourneyStage] = Field(default_factory=dict)


class Hypothesis(_Frozen):
    """One action begun: its weekly number on the day of the plan, what is expected, when it begins and is looked at.

    ``gain`` is profit a month, with its bounds. ``change`` is the clinic's own name for it in its list of changes, if
    it is there; ``stopped`` the day it was given up. People edit this file.
    """

    kpi: str = Field(pattern=r"^[a-z_]+\.[a-z_0-9]+$")
    better: Literal["high", "low"]
    owner: str = ""
    start: date
    check: date
    is_test: bool = False
    unit: str = "number"
    value: float | None = None
    low: float | None = None
    high: float | None = None
    gain: float
    gain_low: float
    gain_high: float
    stop_rule: str = ""
    change: str | None = None
    stopped: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.check <= self.start:
            raise ValueError(f"check {self.check} is not after start {self.start}")
        return self


class HypothesisLog(_Frozen):
    """``hypotheses.yml``: the actions a client has accepted, by key."""

    hypotheses: dict[str, Hypothesis] = Field(default_factory=dict)


class Progress(_Frozen):
    """Which earlier audit this one is compared with: a run by name, or a day its period must have ended by; none at ``off``.

    Without either it is the client's latest published audit of an earlier period.
    """

    since: str | date | None = None
    off: bool = False


class ClientConfig(_Frozen):
    """One client. Every field is explained in ``templates/new_client/clinic.yml``."""

    client: str = Field(pattern=NAME_PATTERN)
    name: str | dict[Language, str]
    language: Language = "en"
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$")
    timezone: str = "UTC"
    country: str = Field("HR", pattern=r"^[A-Z]{2}$", description="how local telephone numbers are read")
    period: Period
    house: str = "clinic-audit"
    prepared_for: str = ""
    prepared_by: str = ""
    status: Literal["draft", "final"] = "draft"
    depth: Depth = "full"
    preset: str = Field("", pattern=r"^([a-z0-9][a-z0-9_-]{0,39})?$", description="a report of chosen blocks instead of a depth")
    progress: Progress = Progress()
    show_names: bool = False
    seed: int = 20151201
    level: float = Field(0.90, gt=0.5, lt=1, description="of every interval")
    set_aside_limit: float = Field(0.05, ge=0, le=0.2, description="share of a table's rows that may be set aside")
    goals: dict[str, float] = Field(default_factory=dict, description="by name of the estimate")
    analyses: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _not_empty(cls, name: str | dict[str, str]) -> str | dict[str, str]:
        if not name:
            raise ValueError("the clinic needs a name")
        return name

    def display_name(self, language: Language) -> str:
        """The clinic's name in ``language``, or in any language it has."""
        if isinstance(self.name, str):
            return self.name
        return self.name.get(language) or next(iter(self.name.values()))


def load_config(path: Path, **overrides: Any) -> ClientConfig:
    """Read ``clinic.yml``; ``overrides`` are the run's own parameters and win.

    A ``cjm.yml`` beside it gives the journey map of the analyses that show it, a ``hypotheses.yml`` the actions begun. Raises ConfigError with every mistake at
    once, each with its place and what is allowed.
    """
    content = {**read_yaml(path), **overrides}
    interviews = path.with_name("cjm.yml")
    if interviews.is_file():
        content["analyses"] = _with_journey(content.get("analyses") or {}, load_journey(interviews))
    accepted = path.with_name(HYPOTHESES)
    if accepted.is_file():
        begun = load_hypotheses(accepted).model_dump(mode="json")["hypotheses"]
        content["analyses"] = _with(content.get("analyses") or {}, {"hypotheses": {"accepted": begun}})
    return parse(ClientConfig, content, path)


def load_journey(path: Path) -> JourneyMap:
    """Read ``cjm.yml``; ConfigError with every mistake at once."""
    return parse(JourneyMap, read_yaml(path), path)


def load_hypotheses(path: Path) -> HypothesisLog:
    """Read ``hypotheses.yml``; ConfigError with every mistake at once, each with file and key."""
    return parse(HypothesisLog, {"hypotheses": read_yaml(path)}, path)


def _with_journey(analyses: Any, journey: JourneyMap) -> Any:
    told: dict[str, dict[str, Any]] = {"journey": {"map": journey.model_dump(mode="json")}, "paths": {"ideal": list(journey.ideal)} if journey.ideal else {}}
    return _with(analyses, told)


def _with(analyses: Any, told: dict[str, dict[str, Any]]) -> Any:
    """Settings of the analyses with those another file gives; what ``clinic.yml`` says itself wins."""
    if not isinstance(analyses, dict):
        return analyses
    return analyses | {name: settings | (analyses.get(name) or {}) for name, settings in told.items() if settings}


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping."""
    if not path.is_file():
        raise ConfigError(f"{path} does not exist → clinic-audit new {path.parent.name}")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{line}: this is not valid YAML → check indentation and quotes") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected “name: value” lines → start from templates/new_client")
    return content


def parse(model: type[M], content: dict[str, Any], path: Path) -> M:
    """``content`` as ``model``; every mistake is told at once, with its place in the file."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [_problem(model, item, path) for item in error.errors()]
        raise ConfigError(told(problems)) from None


def _problem(model: type[BaseModel], item: Any, path: Path) -> Problem:
    where = ".".join(str(part) for part in item["loc"]) or "the file"
    if item["type"] == "extra_forbidden":
        name, *at = reversed(item["loc"])
        return Problem(f"{path.name}: {where}", "unknown setting", suggestion(str(name), _model_at(model, at[::-1]).model_fields))
    if item["type"] == "missing":
        return Problem(f"{path.name}: {where}", "missing", "add it")
    return Problem(f"{path.name}: {where}", item["msg"], f"found {item['input']!r}")


def _model_at(model: type[BaseModel], place: list[int | str]) -> type[BaseModel]:
    """The model of a nested block, as far down as ``place`` names fields of models."""
    for part in place:
        if part in model.model_fields:
            inner = next(_models(model.model_fields[str(part)].annotation), None)
            model = inner or model
    return model


def _models(hint: Any) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for part in get_args(hint):
        yield from _models(part)


def suggestion(name: str, known: Iterable[str]) -> str:
    """“did you mean …?” for a name that does not exist."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"


def workspace(start: Path | None = None) -> Path:
    """The nearest folder at or above ``start`` that holds ``data/``, or ``start`` itself."""
    start = (start or Path.cwd()).resolve()
    return next((folder for folder in (start, *start.parents) if (folder / "data").is_dir()), start)


def find_client(root: Path, client: str) -> Path:
    """The client's folder below ``root/data``; UsageError with a suggestion if there is none."""
    folder = root / "data" / client
    if (folder / "clinic.yml").is_file():
        return folder
    known = sorted(path.parent.name for path in (root / "data").glob("*/clinic.yml"))
    hint = suggestion(client, known) if known else f"make it: clinic-audit new {client}"
    raise UsageError(f"no client “{client}” in {root / 'data'}: {hint}")


class Params(_Frozen):
    """Base of every analysis's settings; ``level`` and ``seed`` come from the client."""

    level: float = Field(0.90, gt=0.5, lt=1, description="of every interval")
    seed: int = 20151201
