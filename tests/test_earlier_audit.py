"""Which earlier audit one is compared with, and over which of its days."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from audit.config import ClientConfig, Days, Period, Progress
from audit.errors import ConfigError
from audit.workbench.earlier_audit import MANIFEST, EarlierRun, earlier_run, equally_long

DAYS = Days(start=date(2016, 7, 1), end=date(2017, 1, 1))
NOW = Period(start=date(2014, 1, 1), end=date(2017, 1, 1), now=DAYS)


def config(**progress) -> ClientConfig:
    return ClientConfig(client="small", name="Small", period=NOW, progress=Progress(**progress))


def publish(root: Path, name: str, start: date, end: date, results: int = 1, finished: bool = True) -> None:
    folder = root / "reports" / "small" / name
    folder.mkdir(parents=True)
    days = {"start": "2014-01-01", "end": end.isoformat(), "now": {"start": start.isoformat(), "end": end.isoformat()}}
    (folder / "run.json").write_text(json.dumps({"config": {"period": days, "analyses": {"clv": {"horizon": 1}}, "level": 0.9}}), "utf-8")
    for number in range(results):
        (folder / "results" / f"r{number}").mkdir(parents=True)
        (folder / "results" / f"r{number}" / "result.json").write_text("{}", "utf-8")
    if finished:
        (folder / MANIFEST).write_text("{}", "utf-8")


def test_the_first_audit_has_none(tmp_path):
    assert earlier_run(tmp_path, config()) is None


def test_the_latest_whose_days_were_over_and_of_several_the_fullest(tmp_path):
    publish(tmp_path, "20150101-a", date(2014, 7, 1), date(2015, 1, 1))
    publish(tmp_path, "20160101-a", date(2015, 7, 1), date(2016, 1, 1), results=2)
    publish(tmp_path, "20160101-b-light", date(2015, 7, 1), date(2016, 1, 1))
    publish(tmp_path, "20160601-a", date(2015, 12, 1), date(2016, 6, 1), finished=False)
    publish(tmp_path, "20161001-a", date(2016, 4, 1), date(2016, 10, 1))
    publish(tmp_path, "20170101-a", DAYS.start, DAYS.end)
    found = earlier_run(tmp_path, config())
    assert found is not None and found.name == "20160101-a", "later ones share days with today's present or were not finished"
    by_day = earlier_run(tmp_path, config(since=date(2015, 6, 1)))
    assert by_day is not None and by_day.name == "20150101-a"
    by_name = earlier_run(tmp_path, config(since="20161001-a"))
    assert by_name is not None and by_name.name == "20161001-a"
    assert earlier_run(tmp_path, config(off=True)) is None
    with pytest.raises(ConfigError, match="did you mean 20161001-a"):
        earlier_run(tmp_path, config(since="20161001-b"))


def test_days_are_as_many_and_whole_months_stay_whole():
    assert equally_long(Days(start=date(2015, 12, 1), end=date(2016, 1, 1)), DAYS) == Days(start=date(2015, 7, 1), end=date(2016, 1, 1))
    odd = equally_long(Days(start=date(2015, 12, 3), end=date(2016, 1, 9)), Days(start=date(2016, 7, 1), end=date(2016, 7, 31)))
    assert odd == Days(start=date(2015, 12, 10), end=date(2016, 1, 9))


def test_a_notebook_of_its_own_settings_counts_as_settings(tmp_path):
    publish(tmp_path, "20160101-a", date(2015, 7, 1), date(2016, 1, 1))
    folder = tmp_path / "reports" / "small" / "20160101-a"
    (folder / "results" / "clv").mkdir()
    (folder / "results" / "clv" / "overrides.json").write_text('{"horizon": 2}', "utf-8")
    assert EarlierRun(folder).settings("clv")["horizon"] == 2
    assert EarlierRun(folder).settings("funnel").get("horizon") is None
