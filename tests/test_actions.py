"""The catalogue of actions: everything an action refers to exists, in all three languages; mistakes name file and key."""

from __future__ import annotations

import dataclasses
import shutil

import pytest
import yaml

from audit import actions
from audit import catalogue as analyses
from audit.actions import ACTIONS, Action, catalogue, compliance_notes, spoken
from audit.errors import ConfigError
from audit.models.mechanisms import MECHANISMS
from audit.wording import Words

EVERY = catalogue()


def test_the_catalogue_is_large_enough_and_ordered_by_name():
    assert len(EVERY) >= 34 and list(EVERY) == sorted(EVERY)


@pytest.mark.parametrize("action", EVERY.values(), ids=EVERY)
def test_everything_it_refers_to_exists(action):
    read = {need.name for need in analyses.analysis("plan").needs}
    for reference in action.references:
        name, field = reference.split(".")
        assert name in read, f"the plan does not read {name}"
        assert field in {item.name for item in dataclasses.fields(analyses.analysis(name).result)}, reference
    assert action.section in read and action.mechanism in MECHANISMS


@pytest.mark.parametrize("action", EVERY.values(), ids=EVERY)
def test_the_mechanism_takes_exactly_its_inputs(action):
    import inspect

    takes = list(inspect.signature(MECHANISMS[action.mechanism]).parameters.values())[3:]
    given = {*action.inputs, *action.optional, *action.constants}
    assert {p.name for p in takes if p.default is p.empty} <= given <= {p.name for p in takes}


@pytest.mark.parametrize("action", EVERY.values(), ids=EVERY)
def test_words_are_of_their_language(action):
    cyrillic = {language: any("а" <= c <= "я" for c in words.title) for language, words in action.words.items()}
    assert cyrillic == {"en": False, "ru": True, "hr": False}
    assert len({words.title for words in action.words.values()}) == 3
    assert not set("ёšđžčć") & set(action.words["en"].title + action.words["en"].step)


def test_no_two_actions_have_one_name():
    for language in ("en", "ru", "hr"):
        for part in ("title", "short"):
            names = [words[part] for words in spoken(language).values()]
            assert len(names) == len(set(names)), (language, part)


def test_an_assumed_range_begins_at_nothing_unless_the_audit_measured_the_gap():
    """What nobody has shown may be without any effect, and an assumption alone is never sure."""
    for key, action in EVERY.items():
        if action.expected.source == "assumption" and action.expected.low > 0:
            assert action.inputs or action.constants, key
        assert action.evidence != "A", key


def test_every_compliance_note_is_said_in_three_languages_and_used():
    notes = compliance_notes()
    assert all(set(note) == {"en", "ru", "hr"} for note in notes.values())
    assert {note for action in EVERY.values() for note in action.compliance} == set(notes)


def test_every_number_owner_job_and_reason_has_its_word():
    words = Words("plan")
    assert {action.kpi for action in EVERY.values()} == set(words.get("tables.plan.values.kpi"))
    assert {action.owner for action in EVERY.values()} <= set(words.get("tables.plan.values.owner"))
    assert {job.task for action in EVERY.values() for job in action.jobs} <= set(words.get("tables.jobs.values.task"))
    assert {action.section for action in EVERY.values()} <= set(words.get("tables.actions.values.section"))
    lacking = {reference.split(".")[0] for action in EVERY.values() for reference in (action.trigger.field, *action.inputs.values())}
    assert lacking <= set(words.get("tables.unjudged.values.reason"))
    for key in EVERY:
        assert words.value("actions", "action", key) == EVERY[key].words["en"].short


# ---------------------------------------------------------------- mistakes
def wrong(tmp_path, **changes: object) -> str:
    """The error of a catalogue whose file ``recall.yml`` has ``changes``; None takes a key out."""
    shutil.copy(ACTIONS / "recall.yml", tmp_path)
    content = yaml.safe_load((tmp_path / "recall.yml").read_text("utf-8")) | changes
    content = {key: value for key, value in content.items() if value is not None}
    (tmp_path / "recall.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    with pytest.raises(ConfigError) as error:
        catalogue(tmp_path)
    return str(error.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kpi": None}, "recall.yml: kpi: missing"),
        ({"kpi": "returned"}, "recall.yml: kpi"),
        ({"ownr": "desk"}, "recall.yml: ownr: unknown setting → did you mean owner?"),
        ({"trigger": {"field": "recall.due_patients", "above": 0, "below": 3}}, "recall.yml: trigger"),
        ({"expected": {"low": 0.5, "high": 0.1, "source": "own_data"}}, "low 0.5 is above high 0.1"),
        ({"expected": {"low": 0.1, "high": 0.5, "source": "published"}}, "needs its citation"),
        ({"words": {}}, "words are missing in en, hr, ru"),
        ({"compliance": ["contcat"]}, "recall.yml: compliance: no note “contcat”"),
        ({"key": "callback"}, "call the file callback.yml"),
    ],
)
def test_a_mistake_names_file_and_key(tmp_path, changes, told):
    assert told in wrong(tmp_path, **changes)


def test_thresholds_replace_the_side_the_trigger_has():
    trigger = actions.Trigger(field="capacity.room_load", above=0.85)
    assert trigger.is_met(0.9) and not trigger.moved_to(0.95).is_met(0.9) and trigger.moved_to(None) == trigger
    below = actions.Trigger(field="capacity.room_load", below=0.85)
    assert below.moved_to(0.5).is_met(0.4) and not below.moved_to(0.3).is_met(0.4)
    assert isinstance(EVERY["recall"], Action) and actions.Trigger(field="a.b").is_met(0.0)
