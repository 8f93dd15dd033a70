"""report.html: one file, nothing from outside, everything in order."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest

from audit.report import make_report
from audit.report.book import read_book
from audit.report.html import brand_style, report_html
from audit.results import Unanswered
from audit.results.store import save
from tests.report import run
from tests.wording import fake


class Reader(HTMLParser):
    """Collects tags, addresses and headings."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.headings: list[str] = []
        self.ids: list[str] = []
        self.images: list[dict[str, str | None]] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.addresses += [value for key, value in attrs if key in ("src", "href", "data", "action") and value]
        assert not any(key.startswith("on") for key in given), given
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(tag)
        if tag == "img":
            self.images.append(given)
        if "id" in given:
            self.ids.append(given["id"])


@pytest.fixture(scope="module")
def read(made) -> Reader:
    reader = Reader()
    reader.feed(made.html)
    return reader


def test_it_is_one_file_without_scripts_or_anything_from_outside(made, read):
    assert not {"script", "iframe", "object", "embed", "link", "form", "base"} & set(read.tags)
    assert all(address.startswith(("data:", "#")) for address in read.addresses)
    assert not re.search(r"@import|url\((?!data:)|https?://(?!www\.w3\.org)", made.html)
    assert "default-src 'none'; img-src data:; font-src data:" in made.html
    assert len(made.html) < 6_000_000


def test_the_pages_come_in_order_and_every_link_has_its_target(read):
    assert read.ids[:3] == ["fonts", "contents", "summary"]
    assert [name for name in read.ids if not name.startswith("fonts")] == [
        "contents", "summary", "actions", "capacity", "plan", "rooms-fake", "back", "stamp",
    ]  # fmt: skip
    assert {address[1:] for address in read.addresses if address.startswith("#")} <= set(read.ids)
    assert read.headings[0] == "h1" and read.headings.count("h1") == 1


def test_every_image_says_what_it_shows_and_every_figure_has_its_caption(made, read):
    assert all(image["alt"] for image in read.images)
    for figure in re.findall(r"<figure>.*?</figure>", made.html, re.DOTALL)[1:]:
        assert figure.index("<figcaption>") < figure.index("<img")


def test_only_what_report_cells_showed_is_printed(made):
    assert "note for the analyst" not in made.html and "not for the client" not in made.html
    assert "secret" not in made.html and "run.show" not in made.html
    assert "data-clinic-audit" not in made.html


def test_hostile_names_are_text(made):
    assert "<script" not in made.html and "&lt;script&gt;alert" in made.html


def test_the_summary_shows_goals_findings_by_worth_and_decisions(made):
    page = made.html[made.html.index('id="summary"') : made.html.index('id="actions"')]
    assert "can earn about €13k a month more" in page
    assert page.count('<div class="card">') == 8 and page.count("These data do not say it") == 6
    assert "act · goal 75%" in page and "act · ceiling 85%" in page
    assert page.index("The ward is 93% full") < page.index("171 free hours")
    assert "Three decisions we ask for" in page and "Call back every missed call; Invite patients" in page


def test_actions_are_grouped_ranked_and_referred_to(made):
    page = made.html[made.html.index('id="actions"') : made.html.index('id="capacity"')]
    order = [
        "Do now",
        "Call back",
        "Invite patients",
        "Test first",
        "A higher price",
        "Leave",
        "A price cut",
        "Together",
    ]
    table = page.index("<tbody>")
    places = [page.index(text, table) for text in order[:-1]] + [page.index("Together: +€13k (7–21) a month")]
    assert places == sorted(places)
    assert page.count("<svg") == 4 and 'href="#rooms-fake"' in page


def test_the_stamp_says_how_to_repeat_it(made):
    stamp = made.html[made.html.index('id="stamp"') :]
    for text in ("clinic-audit run fake", "20170101-abc1234", "1n2p3u4t5s", "seed 20151201", "nothing"):
        assert text in stamp


def test_what_was_changed_by_hand_is_told(made, fakes):
    (made.context.results / "plan" / "overrides.json").write_text('{"horizon": 36}')
    context = dataclasses.replace(made.context, texts={"plan.title": "Ours: {{ joint_gain }}"})
    statuses = [status | {"own_notebook": status["notebook"] == "01_capacity"} for status in made.statuses]
    html = report_html(read_book(context, statuses))
    (made.context.results / "plan" / "overrides.json").unlink()
    stamp = html[html.index('id="stamp"') :]
    assert "notebook 01_capacity" in stamp and "horizon = 36" in stamp and "1 sentence (plan.title)" in stamp


def test_a_section_that_failed_or_did_not_run_keeps_its_page(made):
    statuses = [dict(status) for status in made.statuses]
    statuses[0] |= {"status": "FAIL", "message": "ZeroDivisionError in cell 4 <b>"}
    html = report_html(read_book(made.context, statuses))
    assert "Not printed: this section stopped with an error" in html and "cell 4 &lt;b&gt;" in html
    path = made.context.folder / "notebooks" / f"{statuses[1]['notebook']}.ipynb"
    kept = path.read_bytes()
    run.write_notebook(path, [])
    html = report_html(read_book(made.context, made.statuses))
    path.write_bytes(kept)
    assert "Not printed: this notebook has not been run" in html


def test_an_unanswered_question_is_in_the_contents(fakes):
    context, statuses = run.make_run(fakes / "unanswered")
    nothing = Unanswered(grade="C", analysis="capacity", reason="no_hours", verdict="not_available")
    save(nothing, context.results / "capacity", analysis="capacity", fingerprint="f")
    html = report_html(read_book(context, statuses))
    contents = html[html.index('id="contents"') : html.index('id="summary"')]
    assert "Not computed: there are no opening hours" in contents
    assert html.count("These data do not say it") == 8
    assert "Eight key figures" in html


def test_draft_leaves_when_the_report_is_final(made):
    assert 'data-flag="DRAFT"' in made.html
    context = dataclasses.replace(made.context, config=made.context.config.model_copy(update={"status": "final"}))
    html = report_html(read_book(context, made.statuses))
    assert 'data-flag=""' in html and ">DRAFT<" not in html


def test_a_foreign_output_loses_its_scripts(made):
    path = made.context.folder / "notebooks" / f"{made.statuses[0]['notebook']}.ipynb"
    kept = path.read_bytes()
    run.write_notebook(
        path, ["<table><tr><td>mine</td></tr></table><script>alert(1)</script><img src=x onerror=alert(1)>"]
    )
    html = report_html(read_book(made.context, made.statuses))
    path.write_bytes(kept)
    assert (
        "mine" in html
        and "<script" not in html
        and '<img src="x"' not in html
        and "onerror=" not in html.replace("onerror=alert(1)&gt;", "")
    )


def test_a_brand_sets_variables_and_nothing_else(tmp_path):
    path = tmp_path / "brand.css"
    path.write_text(":root { --rust: #0a7; --navy: url(http://x); } body { display: none } @import 'x';")
    assert brand_style(path) == ":root { --rust: #0a7; }"
    assert brand_style(tmp_path / "none.css") == ""


def test_the_same_run_gives_the_same_bytes(made):
    kept = {name: (made.folder / name).read_bytes() for name in ("report.html", "appendix.xlsx")}
    make_report(made.context, made.statuses, ("html", "xlsx"))
    assert all((made.folder / name).read_bytes() == content for name, content in kept.items())


@pytest.mark.parametrize("language", ["ru", "hr"])
def test_other_languages_print_with_their_numbers_and_say_what_is_not_translated(made, language):
    config = made.context.config.model_copy(update={"language": language})
    html = report_html(read_book(dataclasses.replace(made.context, config=config), made.statuses))
    assert f'<html lang="{language}">' in html and "43\u202f%" in html
    assert "capacity" in html[html.index('id="stamp"') :]


def test_the_cover_shows_the_clients_own_calendar(made):
    cover = made.html[: made.html.index('id="contents"')]
    assert "Where Fake &amp; Sons earns" in cover and "January 2014 – December 2016" in cover
    assert cover.count('<img src="data:image/svg+xml') == 1


def test_settings_reach_the_page(fakes):
    context, statuses = run.make_run(fakes / "named", prepared_for="Dr House", house="House Ltd")
    html = report_html(read_book(context, statuses))
    assert "Dr House" in html and "House Ltd" in html
    assert fake.config().house in report_html(read_book(dataclasses.replace(context, config=fake.config()), statuses))
