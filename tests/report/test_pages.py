"""A notebook with several analyses prints one page for each, in the order it shows them."""

from __future__ import annotations

from markupsafe import Markup

from audit.report.notebook import pages_of
from audit.workbench.cells import sheet
from audit.workbench.page import Fragment, parts
from tests.wording import fake

from .run import write_notebook


def head(name: str, title: str) -> str:
    html = parts().head("3", name, None, Markup(title), None, False, name)
    return Fragment(Markup(html))._repr_html_()


def shown(text: str) -> str:
    return Fragment(Markup("<p>{}</p>").format(text))._repr_html_()


def test_each_head_begins_a_page(tmp_path):
    path = tmp_path / "03_value.ipynb"
    write_notebook(path, [head("value", "A"), shown("one"), head("again", "B"), shown("two"), shown("three")])
    pages = pages_of(path, "value")
    assert list(pages) == ["value", "again"]
    assert "one" in pages["value"] and "two" not in pages["value"]
    assert "two" in pages["again"] and "three" in pages["again"]
    assert all(page.startswith('<div class="clinic-audit"') and page.count("<div") == page.count("</div") for page in pages.values())


def test_what_stands_before_the_first_head_belongs_to_the_first_analysis(tmp_path):
    path = tmp_path / "03_value.ipynb"
    write_notebook(path, [shown("an analyst's own"), head("value", "A")])
    assert "own" in pages_of(path, "value")["value"]


def test_a_text_that_looks_like_a_head_is_no_page(tmp_path):
    path = tmp_path / "03_value.ipynb"
    write_notebook(path, [head("value", "A"), shown('<header class="head" data-page="again">')])
    assert list(pages_of(path, "value")) == ["value"]


def test_a_column_of_chances_is_never_sure(tmp_path):
    fake.texts(tmp_path)
    shown = sheet(fake.page(tmp_path / "text"), fake.rooms_result(), "rooms")
    at = next(i for i, head in enumerate(shown.columns) if head.head == "Chance") + sum(head.graphic for head in shown.columns)
    assert [Markup(row.cells[at].content).unescape() for row in shown.rows] == [">99%", "8%", "<1%", ">99%"]
