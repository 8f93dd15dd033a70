"""Exports of the telephone: call tracking, and the telephone exchange that saw the same calls.

``calltouch_calls.csv``: UTF-8 with BOM, comma, header; incoming calls of all years except the 1 % the
tracker missed. ``null`` stands for nothing.

| header | format | canonical column |
|---|---|---|
| callId | digits | enquiries.enquiry_id |
| date | DD/MM/YYYY HH:MM:SS, Moscow | started_at |
| callerNumber | 79161234567 | caller_key |
| phoneNumber | number called | – |
| duration, waitingConnect | seconds | talk_seconds, wait_seconds |
| successful | True, true, 1 / False, false, 0 | is_answered |
| uniqueCall, targetCall, callbackCall | the same | – (target: longer than 30 s) |
| manager | full name, null if missed | administrator_id |
| source, medium, utmSource, keyword | text | – |
| utmCampaign | campaign of own ads | campaign |
| subPoolName | pool of numbers | channel |
| siteName | branch | branch |
| clientId | always null | – |
| attribution | last_click before 01.06.2016, last_non_direct after | attribution: the rule changed |
| callTags.Цель | reason of the call, by listening or (suppliers, spam) by the desk | intent |
| callTags.Итог | Записан, Думает, Потерян | outcome |
| callTags.Причина | why lost | loss_reason |
| callTags.Оценка | 0–10 | quality_score |
| callTags.Итог (второй) | outcome by a second listener, 150 calls | second_outcome |

``mango_stats.csv``: no header, ``;``, all calls of the exchange, outgoing ones too. Columns in order:
records, start, finish, answer (unix seconds UTC; answer 0 when missed), from_extension (administrator,
only outgoing), from_number, to_extension (administrator who answered: 101 A … 104 D), to_number,
disconnect_reason, line_number (74951230001 branch 1, 74951230002 branch 2), location (campaign of
outgoing calls), entry_id. A call seen by both begins 0–3 seconds apart.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate import words
from audit.simulate.clinic import Clinic

TRACKER, EXCHANGE = "calltouch_calls.csv", "mango_stats.csv"
MODEL_CHANGED = pd.Timestamp("2016-06-01")
LINES = {"Branch 1": "74951230001", "Branch 2": "74951230002"}
EXTENSIONS = {"A": "101", "B": "102", "C": "103", "D": "104"}
SOURCES = {
    "organic search": ("yandex", "organic"),
    "agency context": ("yandex", "cpc"),
    "own context ads": ("yandex", "cpc"),
    "aggregators / portals": ("docdoc.ru", "referral"),
    "word of mouth": ("direct", "(none)"),
    "direct / brand": ("direct", "(none)"),
    "static numbers / outdoor": ("static", "(none)"),
}
NULL = "null"
FIRST_CALL_ID = 310_000_001


def write_calls(folder: Path, clinic: Clinic, rng: Generator) -> tuple[Path, Path]:
    """Write both files."""
    calls = clinic.tables["enquiries"]
    tracked = calls[(calls.direction == "in") & calls.channel.notna()]
    tracker, exchange = folder / TRACKER, folder / EXCHANGE
    _tracker(clinic, tracked, rng).to_csv(tracker, index=False, encoding="utf-8-sig", lineterminator="\r\n")
    _exchange(calls, rng).to_csv(exchange, index=False, header=False, sep=";", lineterminator="\n")
    return tracker, exchange


def _mixed(flag: np.ndarray, rng: Generator) -> np.ndarray:
    """The same flag as three versions of the tracker wrote it."""
    form = rng.integers(0, 3, len(flag))
    yes, no = np.array(["True", "true", "1"], dtype=object), np.array(["False", "false", "0"], dtype=object)
    return np.where(flag, yes[form], no[form])


def _or_null(values: np.ndarray) -> np.ndarray:
    return pd.Series(values).replace("", NULL).fillna(NULL).to_numpy(object)


def _tracker(clinic: Clinic, calls: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    answered = calls.is_answered.to_numpy(bool)
    source = calls.channel.map({name: pair[0] for name, pair in SOURCES.items()})
    medium = calls.channel.map({name: pair[1] for name, pair in SOURCES.items()})
    second = clinic.hidden["second_marks"].set_index("enquiry_id").second.reindex(calls.enquiry_id)
    score = calls.quality_score.map(lambda s: "" if np.isnan(s) else str(int(s)))
    return pd.DataFrame(
        {
            "callId": FIRST_CALL_ID + np.arange(len(calls)),
            "date": words.moment_text(calls.started_at, "%d/%m/%Y", seconds=True),
            "callerNumber": calls.caller_key.str[1:],
            "phoneNumber": calls.branch.map(LINES),
            "duration": calls.talk_seconds.astype(int),
            "waitingConnect": calls.wait_seconds.astype(int),
            "successful": _mixed(answered, rng),
            "uniqueCall": _mixed(~calls.caller_key.duplicated().to_numpy(), rng),
            "targetCall": _mixed((calls.talk_seconds > 30).to_numpy(), rng),
            "callbackCall": _mixed(np.zeros(len(calls), bool), rng),
            "manager": _or_null(words.theirs(calls.administrator_id, words.ADMINISTRATOR)),
            "source": source,
            "medium": medium,
            "utmSource": np.where(medium == "cpc", source, NULL),
            "utmCampaign": _or_null(calls.campaign.to_numpy(object)),
            "keyword": NULL,
            "subPoolName": words.theirs(calls.channel, words.CHANNEL),
            "siteName": words.theirs(calls.branch, words.BRANCH),
            "clientId": NULL,
            "attribution": np.where(calls.started_at < MODEL_CHANGED, "last_click", "last_non_direct"),
            "callTags.Цель": _or_null(words.theirs(calls.intent, words.INTENT)),
            "callTags.Итог": _or_null(words.theirs(calls.outcome, words.OUTCOME)),
            "callTags.Причина": _or_null(words.theirs(calls.loss_reason, words.LOSS)),
            "callTags.Оценка": _or_null(score.to_numpy(object)),
            "callTags.Итог (второй)": _or_null(words.theirs(second.to_numpy(object), words.OUTCOME)),
        }
    )


def _exchange(calls: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    start = calls.started_at.dt.tz_localize("Europe/Moscow").astype("int64").to_numpy() // _per_second(calls.started_at)
    start = start + rng.integers(0, 4, len(calls))
    answered, outgoing = calls.is_answered.to_numpy(bool), (calls.direction == "out").to_numpy()
    answer = np.where(answered, start + calls.wait_seconds.to_numpy().astype(int), 0)
    finish = np.where(
        answered, answer + calls.talk_seconds.to_numpy().astype(int), start + calls.wait_seconds.to_numpy().astype(int)
    )
    extension = words.theirs(calls.administrator_id, EXTENSIONS)
    line, caller = calls.branch.map(LINES).to_numpy(object), calls.caller_key.str[1:].to_numpy(object)
    entry = np.array([f"MToxMD{n:06d}" for n in range(len(calls))], dtype=object)
    records = np.where(answered, "[" + entry + "]", "[]")
    return pd.DataFrame(
        {
            "records": records,
            "start": start,
            "finish": finish,
            "answer": answer,
            "from_extension": np.where(outgoing, extension, ""),
            "from_number": np.where(outgoing, line, caller),
            "to_extension": np.where(outgoing, "", extension),
            "to_number": np.where(outgoing, caller, line),
            "disconnect_reason": np.where(answered, "1110", "1121"),
            "line_number": line,
            "location": np.where(outgoing, calls.campaign.fillna("").to_numpy(object), ""),
            "entry_id": entry,
        }
    )


def _per_second(values: pd.Series) -> int:
    """Ticks per second of a time series' resolution."""
    return {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[np.datetime_data(values.dtype)[0]]
