"""clinic.yml: every mistake at once, each with its place and the way out."""

from __future__ import annotations

from datetime import date

import pytest

from audit.config import ClientConfig, Days, Period, find_client, load_config, read_yaml
from audit.errors import ConfigError, UsageError

GOOD = """
client: acme
name: {en: Acme, hr: Akme}
period: {start: 2024-01-01, end: 2026-01-01}
"""


def written(tmp_path, text):
    path = tmp_path / "clinic.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults(tmp_path):
    config = load_config(written(tmp_path, GOOD))
    assert (config.level, config.seed, config.show_names, config.currency) == (0.90, 20151201, False, "EUR")
    assert config.display_name("hr") == "Akme"
    assert config.display_name("ru") == "Acme"


def test_every_mistake_is_told_at_once(tmp_path):
    text = GOOD.replace("client: acme", "client: Acme Clinic") + "curency: EUR\nlevel: 2\n"
    with pytest.raises(ConfigError) as error:
        load_config(written(tmp_path, text))
    message = str(error.value)
    assert "curency" in message
    assert "did you mean currency" in message
    assert "level" in message
    assert "client" in message
    assert error.value.exit_code == 2


def test_broken_yaml_names_file_and_line(tmp_path):
    with pytest.raises(ConfigError, match=r"clinic.yml, line 2"):
        read_yaml(written(tmp_path, "a: [1\nb: 2\n"))


def test_yaml_can_not_run_code(tmp_path):
    with pytest.raises(ConfigError):
        read_yaml(written(tmp_path, "a: !!python/object/apply:os.system ['true']\n"))


def test_a_period_must_be_in_order():
    with pytest.raises(ValueError, match="not after"):
        Days(start=date(2024, 2, 1), end=date(2024, 1, 1))


def test_present_is_the_last_half_year_and_past_the_same_a_year_before():
    period = Period(start=date(2024, 1, 1), end=date(2026, 1, 1))
    assert (period.present.start, period.present.end) == (date(2025, 7, 1), date(2026, 1, 1))
    assert (period.past.start, period.past.end) == (date(2024, 7, 1), date(2025, 1, 1))
    assert period.present.months == 6


def test_a_short_period_is_its_own_present_and_has_no_past():
    period = Period(start=date(2016, 4, 29), end=date(2016, 6, 9))
    assert (period.present.start, period.present.end) == (period.start, period.end)
    assert period.past is None


def test_unknown_client_gets_a_suggestion(tmp_path):
    (tmp_path / "data" / "acme").mkdir(parents=True)
    (tmp_path / "data" / "acme" / "clinic.yml").write_text(GOOD, encoding="utf-8")
    assert find_client(tmp_path, "acme").name == "acme"
    with pytest.raises(UsageError, match="did you mean acme"):
        find_client(tmp_path, "acmee")


def test_client_names_cannot_leave_the_folder():
    for name in ("../x", "a/b", "", "{x}", "Ünïcode", "a" * 50):
        with pytest.raises(ValueError, match="client"):
            ClientConfig(client=name, name="x", period=Period(start=date(2024, 1, 1), end=date(2025, 1, 1)))


# ---------------------------------------------------------------------- cjm.yml
JOURNEY = "source: 12 interviews\nideal: [call, booking, visit]\nstages:\n  call: {wants: a kind voice}\n"


def test_the_journey_map_lies_beside_the_settings(tmp_path):
    path = written(tmp_path, GOOD)
    (tmp_path / "cjm.yml").write_text(JOURNEY, encoding="utf-8")
    config = load_config(path)
    assert config.analyses["journey"]["map"]["stages"]["call"]["wants"] == "a kind voice"
    assert config.analyses["paths"]["ideal"] == ["call", "booking", "visit"]


def test_mistakes_of_the_journey_map_are_told_at_once(tmp_path):
    path = written(tmp_path, GOOD)
    wrong = "sorce: x\nstages:\n  phone: {wants: a}\n  call: {want: a, pains: " + "x" * 81 + "}\n"
    (tmp_path / "cjm.yml").write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load_config(path)
    for place in ("cjm.yml: sorce", "phone", "call.want", "call.pains"):
        assert place in str(told.value)


def test_the_journey_map_of_new_and_demo_clients_can_be_read():
    from audit.config import HOUSE, load_journey

    assert not load_journey(HOUSE / "templates" / "new_client" / "cjm.yml").stages
    assert len(load_journey(HOUSE / "audit" / "simulate" / "demo_client" / "cjm.yml").stages) == 7
