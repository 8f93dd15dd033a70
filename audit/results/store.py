"""Results on disk: one JSON and one parquet per table in a folder per analysis, and one tidy list of all.

The bytes depend only on the result: keys are sorted, floats are written by their shortest exact form,
nothing carries a time stamp.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import types
import typing
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from audit.errors import RunError
from audit.results.estimate import Estimate
from audit.results.finding import Finding, Sentence
from audit.results.result import Result, Unanswered

R = TypeVar("R", bound=Result)
ESTIMATE_COLUMNS = ["analysis", "estimate", "group", "value", "low", "high", "level", "unit", "n", "grade", "verdict"]


def save(result: Result, folder: Path, *, analysis: str, fingerprint: str) -> None:
    """Write ``result`` into ``folder`` (made if need be), the JSON last as the mark of completeness."""
    folder.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {"analysis": analysis, "kind": type(result).__name__, "fingerprint": fingerprint}
    for item in dataclasses.fields(result):
        value = getattr(result, item.name)
        if isinstance(value, pd.DataFrame):
            # without pandas' and Arrow's own notes in the file, so that a frame read back writes the same bytes
            plain = pa.Table.from_pandas(value, preserve_index=False).replace_schema_metadata(None)
            pq.write_table(plain, folder / f"{item.name}.parquet", store_schema=False)
            if result.names_people(item.name):
                (folder / f"{item.name}.parquet").chmod(0o600)
            content[item.name] = {"table": f"{item.name}.parquet"}
        else:
            content[item.name] = _plain(value)
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    (folder / "result.json").write_text(text + "\n", encoding="utf-8")


def load(kind: type[R], folder: Path) -> R | Unanswered:
    """Read back what ``save`` wrote as ``kind``, or as Unanswered if the question was not answered.

    RunError when there is none.
    """
    content = read_json(folder)
    actual: type[Result] = Unanswered if content["kind"] == "Unanswered" else kind
    hints = typing.get_type_hints(actual)
    values = {
        item.name: _typed(content[item.name], hints[item.name], folder)
        for item in dataclasses.fields(actual)
        if item.name in content
    }
    return typing.cast("R | Unanswered", actual(**values))


def read_json(folder: Path) -> dict[str, Any]:
    """The JSON of a stored result; RunError when there is none."""
    path = folder / "result.json"
    if not path.is_file():
        raise RunError(f"this run has no result of {folder.name}")
    return typing.cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))


def fingerprint(*parts: object) -> str:
    """A short hash of what a result depends on (inputs, parameters, code)."""
    text = json.dumps([_plain(part) for part in parts], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def tidy(results: Mapping[str, Result]) -> pd.DataFrame:
    """All estimates of all results, one per row (``ESTIMATE_COLUMNS``), in the order of the results."""
    rows = [row for analysis, result in results.items() for row in _rows(analysis, result)]
    return pd.DataFrame(rows, columns=ESTIMATE_COLUMNS)


def _rows(analysis: str, result: Result) -> Iterable[list[Any]]:
    if isinstance(result, Unanswered):
        yield [analysis, "", "", None, None, None, None, "", None, "", result.verdict]
        return
    for name, e in result.estimates().items():
        yield [analysis, name, "", e.value, e.low, e.high, e.level, e.unit, e.n, e.grade, e.verdict]
    level = next((e.level for e in result.estimates().values()), None)
    for name, frame in result.tables().items():
        measures = result.measures(name)
        labels = [m.name for m in measures if m.unit in ("label", "date")]
        for measure in (m for m in measures if m.interval):
            for row in frame.to_dict("records"):
                group = " · ".join(str(row[label]) for label in labels if not pd.isna(row[label]))
                value, low, high = (None if pd.isna(row[c]) else float(row[c]) for c in measure.names)
                yield [
                    analysis,
                    f"{name}.{measure.name}",
                    group,
                    value,
                    low,
                    high,
                    level,
                    measure.unit,
                    row.get("n"),
                    result.grade,
                    "not_enough_data" if value is None else "descriptive",
                ]


def _plain(value: Any) -> Any:
    if isinstance(value, Estimate | Sentence | Finding):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)} | {
            "is": type(value).__name__
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, date):
        return {"is": "date", "day": value.isoformat()[:10]}
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a result holds a number that is not finite: say it as a gap instead")
    if hasattr(value, "item"):
        return _plain(value.item())
    return value


KINDS = {"Estimate": Estimate, "Sentence": Sentence, "Finding": Finding}


def _typed(value: Any, hint: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        if "table" in value and str(value["table"]).endswith(".parquet"):
            return pd.read_parquet(folder / value["table"])
        if value.get("is") == "date":
            return date.fromisoformat(value["day"])
        if value.get("is") in KINDS:
            kind = KINDS[value["is"]]
            return kind(**{key: _typed(part, None, folder) for key, part in value.items() if key != "is"})
        return {key: _typed(part, None, folder) for key, part in value.items()}
    if isinstance(value, list):
        parts = [_typed(part, None, folder) for part in value]
        return parts if _origin(hint) is list else tuple(parts)
    return value


def _origin(hint: Any) -> Any:
    if isinstance(hint, types.UnionType):
        return next((typing.get_origin(part) for part in typing.get_args(hint) if typing.get_origin(part)), None)
    return typing.get_origin(hint)
