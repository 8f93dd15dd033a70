"""``mapping.yml``: every mistake at once, each with its place and a way out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from audit.config import HOUSE
from audit.errors import ConfigError
from audit.intake.mapping import Mapping, Rule
from audit.intake.mapping_file import is_empty, load_mapping
from tests.intake.small_clinic import mapping


def written(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return path


def test_a_rule_may_be_just_a_header() -> None:
    assert Rule.model_validate("card").from_ == ("card",)
    assert Rule.model_validate(3).from_ == (3,)
    assert Rule.model_validate({"from": ["day", "time"]}).from_ == ("day", "time")


def test_yes_and_no_survive_yaml() -> None:
    rule = Rule.model_validate(yaml.safe_load("{from: SMS, codes: {yes: [да], no: [нет]}}"))
    assert rule.codes == {"yes": ("да",), "no": ("нет",)}


def test_all_unknown_settings_are_told_with_suggestions(tmp_path: Path) -> None:
    content = mapping()
    content["sources"][0]["formt"] = {}
    content["sources"][1]["fills"][0]["colums"] = {}
    content["sources"][1]["format"]["encodng"] = "utf-8"
    with pytest.raises(ConfigError) as caught:
        load_mapping(written(tmp_path / "mapping.yml", content))
    told = str(caught.value)
    assert "mapping.yml: cards › formt: unknown setting “formt” → did you mean format?" in told
    assert "visits › appointments › colums: unknown setting “colums” → did you mean columns?" in told
    assert "visits › format › encodng: unknown setting “encodng” → did you mean encoding?" in told


def test_all_contradictions_are_told_with_the_allowed_words(tmp_path: Path) -> None:
    content = mapping()
    columns = content["sources"][1]["fills"][0]["columns"]
    columns["status"]["codes"]["came"] = columns["status"]["codes"].pop("completed")
    columns["doctr_id"] = "doctor"
    columns["starts_at"] = "starts"
    columns["minutes"] = {"from": "visit", "unit": "kopecks"}
    del columns["kind"]
    content["sources"][1]["fills"].append({"table": "chargs", "columns": {}})
    with pytest.raises(ConfigError) as caught:
        load_mapping(written(tmp_path / "mapping.yml", content))
    told = str(caught.value).splitlines()
    assert len(told) == 6
    assert any("status: “came” is not one of our words → one of completed, no_show" in line for line in told)
    assert any("doctr_id: no such column → did you mean doctor_id?" in line for line in told)
    assert any("starts_at: the date format is missing" in line for line in told)
    assert any("minutes: unit “kopecks” does not fit → known: blocks_of_5" in line for line in told)
    assert any("kind: required, not mapped → give from: or const: (one of outpatient" in line for line in told)
    assert any("no table “chargs” → did you mean charges?" in line for line in told)


@pytest.mark.parametrize("form", ["%d.%q.%Y", "%d.%m", "DECIDE"])
def test_a_date_format_must_be_whole(tmp_path: Path, form: str) -> None:
    content = mapping()
    content["sources"][0]["fills"][0]["columns"]["birth_date"]["format"] = form
    with pytest.raises(ConfigError, match="birth_date: date format"):
        load_mapping(written(tmp_path / "mapping.yml", content))


def test_both_date_orders_are_refused(tmp_path: Path) -> None:
    content = mapping()
    content["sources"][0]["fills"][0]["columns"]["birth_date"]["format"] = ["%d/%m/%Y", "%m/%d/%Y"]
    with pytest.raises(ConfigError, match="both day/month and month/day"):
        load_mapping(written(tmp_path / "mapping.yml", content))


def test_an_object_tag_is_not_executed(tmp_path: Path) -> None:
    path = written(tmp_path / "mapping.yml", "version: !!python/object/apply:os.system [touch PWNED]\n")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_mapping(path)


def test_the_templates_say_every_setting_and_nothing_else(tmp_path: Path) -> None:
    path = HOUSE / "templates" / "new_client" / "mapping.yml"
    assert is_empty(path)
    with pytest.raises(ConfigError, match="clinic-audit validate"):
        load_mapping(path)
    lines = path.read_text("utf-8").splitlines()
    start = lines.index("# version: 1")
    content = yaml.safe_load("\n".join(line[2:] for line in lines[start:]))
    content["sources"][0]["fills"] = [fill for fill in content["sources"][0]["fills"] if fill["columns"]]
    assert Mapping.model_validate(content).sources[0].fills[0].table == "appointments"


def test_the_template_of_clinic_yml_is_valid(tmp_path: Path) -> None:
    from audit.config import ClientConfig, load_config

    text = (HOUSE / "templates" / "new_client" / "clinic.yml").read_text("utf-8")
    config = load_config(written(tmp_path / "clinic.yml", text.replace("{{ client }}", "acme")))
    assert {name for name in ClientConfig.model_fields if f"{name}:" in text} == set(ClientConfig.model_fields)
    assert config.client == "acme"
