"""Sentences: what they may mention, what is an error, what hostile data cannot do."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from audit.errors import ConfigError
from audit.results import Estimate, Finding, Sentence
from audit.wording import Labels, MissingValueError, Words, WordsError, check_overrides, client_texts
from tests.wording import fake


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return fake.texts(tmp_path_factory.mktemp("texts"))


@pytest.fixture
def words(texts) -> Words:
    return Words("rooms_fake", "en", "EUR", fake.period(), folder=texts)


def test_the_result_chooses_the_variant(words):
    result = fake.rooms_result()
    assert words.sentence("title", result) == "Rooms are 43% used; operating is full"
    other = dataclasses.replace(result, says={"title": Sentence("free")})
    assert words.sentence("title", other) == "Nothing is full: 43% of room hours are used"


def test_a_sentence_knows_the_periods_and_guards_what_is_none(words):
    assert words.sentence("lede", fake.rooms_result()) == (
        "On average <b>43% (36–51) of room hours are used</b>; 31,204 visits in December 2016."
    )


def test_findings_gaps_and_reasons(words):
    result = fake.rooms_result()
    peak, hours, gap = result.findings
    assert words.finding(result, peak) == "operating is 43% full"
    assert words.finding(result, hours) == "171 free hours would bring +€26k (12–41) a month"
    assert words.finding(result, gap).startswith("How full doctors are cannot be said")
    assert words.reason(fake.unanswered()).startswith("there is no list of rooms for 6 months")


def test_a_missing_key_is_told_with_language_file_and_a_suggestion(words):
    with pytest.raises(WordsError, match=r"en/rooms_fake.yaml: titel: missing; did you mean title"):
        words.sentence("titel", fake.rooms_result())
    with pytest.raises(WordsError, match=r"findings\.peak_ful"):
        words.finding(fake.rooms_result(), Finding("peak_ful", "risk"))
    with pytest.raises(WordsError, match="there are no words for “nothing”"):
        words.of("nothing").sentence("title")


def test_a_missing_variable_is_told_with_the_sentence(words):
    with pytest.raises(WordsError, match=r"en/rooms_fake.yaml: title.full: 'load' is undefined"):
        words.render("{{ load }}", {}, "en/rooms_fake.yaml: title.full")
    with pytest.raises(MissingValueError, match="load_before"):
        words.render("{{ load_before|ci }}", {"load_before": None}, "load_before")


def test_a_text_with_variants_needs_a_choice(words):
    silent = dataclasses.replace(fake.rooms_result(), says={})
    with pytest.raises(WordsError, match="has variants"):
        words.sentence("title", silent)
    wrong = dataclasses.replace(silent, says={"title": Sentence("ful")})
    with pytest.raises(WordsError, match="did you mean full"):
        words.sentence("title", wrong)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '=cmd|"/C calc"!A0', "{{ 7*7 }}", "a\u202eb\x00c", "%s"])
def test_hostile_names_stay_text(words, name):
    result = fake.rooms_result(peak=name)
    title = str(words.sentence("title", result))
    assert "<script" not in title and "49" not in title
    assert "\u202e" not in title and "\x00" not in title
    assert name in words.plain("title", result) or "\x00" in name


def test_templates_cannot_leave_the_sandbox(words):
    for attack in (
        "{{ ''.__class__.__mro__ }}",
        "{{ load.__init__.__globals__ }}",
        "{% include 'x' %}",
        "{{ range(3) }}",
    ):
        with pytest.raises(WordsError):
            words.render(attack, {"load": Estimate(1, 0, 2, "number", 1)}, "attack")


def test_texts_may_use_plain_emphasis_only(tmp_path):
    folder = fake.texts(tmp_path)
    content = yaml.safe_load((folder / "en" / "rooms_fake.yaml").read_text("utf-8"))
    content["lede"] = "<img src=x onerror=alert(1)>"
    (folder / "en" / "rooms_fake.yaml").write_text(yaml.safe_dump(content), "utf-8")
    with pytest.raises(WordsError, match="is not allowed"):
        Words("rooms_fake", folder=folder).sentence("name")


def test_the_clients_own_sentence_wins_and_keeps_its_numbers_live(texts):
    own = client_texts({"01_rooms_fake": {"title": "Full at {{ load }}"}, "rooms_fake.notes.care": "Mind <b>this</b>."})
    words = Words("rooms_fake", folder=texts, period=fake.period(), overrides=own)
    assert words.sentence("title", fake.rooms_result()) == "Full at 43%"
    assert words.sentence("notes.care") == "Mind <b>this</b>."
    check_overrides(own, texts)
    with pytest.raises(ConfigError, match="no such sentence: did you mean title"):
        check_overrides({"rooms_fake.titel": "x"}, texts)
    with pytest.raises(ConfigError, match="did you mean rooms_fake"):
        check_overrides({"rooms_fak.title": "x"}, texts)
    with pytest.raises(WordsError, match="not allowed"):
        client_texts({"rooms_fake.title": "<script>x</script>"})


def test_a_language_without_a_file_falls_back_to_english_and_says_so(texts):
    words = Words("rooms_fake", "ru", "RUB", fake.period(), folder=texts)
    assert not words.is_translated
    assert words.sentence("title", fake.rooms_result()) == "Rooms are 43\u202f% used; operating is full"


def test_columns_and_codes(words):
    heads = words.columns("rooms", fake.rooms_result())
    assert heads["load"] == ("Share", "90% interval")
    assert heads["gain"] == ("Gain", "€ a month")
    assert words.value("rooms", "room", "consulting") == "Consulting rooms"
    assert words.value("rooms", "room", "unheard of") == "unheard of"


def test_labels_are_plain_text_ready_to_draw(words):
    labels = Labels(dataclasses.replace(words, currency="USD"), "bars", fake.rooms_result())
    assert labels["x"] == "share of 90% hours"
    assert labels.text("note", hour=18) == "18 h"
    assert labels.number(12_400, "currency") == r"\$12k"
    assert labels.value("room", "operating") == "Operating room"
    assert labels.value("room", fake.HOSTILE) == fake.HOSTILE
    with pytest.raises(WordsError, match=r"figures\.bars\.labels\.y"):
        labels["y"]


def test_a_missing_table_or_section_has_the_same_words_everywhere(words):
    for reason, missing, text in (
        ("missing_table", "shifts", "there is no export of this: rota;"),
        ("missing_result", "rooms_fake", "it builds on a section that could not be answered: Rooms;"),
    ):
        result = dataclasses.replace(fake.unanswered(), reason=reason, details={"missing": missing})
        assert words.reason(result).startswith(text)
