"""Presets: what a report holds as data; the same numbers in every one; mistakes told before anything runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from audit import catalogue
from audit.config import DEPTHS, HOUSE, Language
from audit.errors import ConfigError, UsageError
from audit.execution.notebooks import _without
from audit.presets import FOLDER, Preset, full, load_preset, presets
from tests.test_cli import audit, told
from tests.test_demo_audit import hashes

TEN = ["reach", "ads_load", "doctors_load", "rooms_load", "additional", "returned", "rfm", "awareness", "money", "bookings"]
"""The blocks of a marketing department's report, in the order of the source."""


def own(home: Path, text: str, name: str = "mine") -> Preset:
    (home / "presets").mkdir(exist_ok=True)
    (home / "presets" / f"{name}.yml").write_text(text, "utf-8")
    return load_preset(name, home)


# ------------------------------------------------------------------ the house's own
def test_marketing_has_exactly_the_ten_blocks_in_their_order():
    assert [block.key for block in load_preset("marketing", HOUSE).blocks] == TEN


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yml")))
def test_every_preset_of_the_house_speaks_three_languages(name):
    preset = load_preset(name, HOUSE)
    texts = [preset.title, *([preset.subtitle] if preset.subtitle else [])]
    texts += [text for block in preset.blocks for text in (block.name, block.missing)]
    for text in texts:
        assert set(text) == set(Language.__args__) and all(text.values())


def test_depths_grow():
    light, standard, whole = (load_preset(name, HOUSE) for name in DEPTHS)
    assert set(light.analyses) < set(standard.analyses) | {"progress"} < set(whole.analyses) | {"progress"}
    assert 5 <= len(light.analyses) <= 10
    assert {names[0] for names in catalogue.sections()} <= set(standard.analyses)
    assert whole == full() and whole.is_whole


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yml")))
def test_all_that_is_read_is_computed(name):
    preset = load_preset(name, HOUSE)
    for analysis in catalogue.names():
        if preset.computes(analysis):
            needs = [need.name for need in catalogue.analysis(analysis).needs if need.kind == "result"]
            assert all(preset.computes(need) for need in needs), analysis
    assert all(preset.computes(analysis) for analysis in preset.analyses)


def test_light_leaves_notebooks_out():
    light = load_preset("light", HOUSE)
    assert not light.runs("02_profile") and not light.runs("05_price") and light.runs("06_channels")
    assert not light.computes("advertising"), "a page that nothing shown reads is not computed either"


# ------------------------------------------------------------------ a client's own
BLOCK = "title: {en: Mine}\nblocks:\n  - key: one\n    name: {en: One}\n    missing: {en: nothing}\n    show: [%s]\n"


def test_a_client_may_have_its_own(tmp_path):
    preset = own(tmp_path, BLOCK % "{analysis: capacity, figures: [heat]}")
    assert preset.analyses == ("capacity",) and "mine" in presets(tmp_path)
    assert preset.runs("01_capacity") and not preset.runs("03_clv")


@pytest.mark.parametrize(("shown", "hint"), [
    ("{analysis: capasity}", "did you mean capacity"),
    ("{analysis: capacity, figures: [heet]}", "did you mean heat"),
    ("{analysis: capacity, table: resurces}", "did you mean resources"),
    ("{analysis: clv, table: patients}", "to print"),
    ("{analysis: retention, findings: [latest_mor]}", "did you mean latest_more"),
    ("{analysis: capacity, figurs: [heat]}", "did you mean figures"),
])
def test_mistakes_are_told_with_the_way_out(tmp_path, shown, hint):
    with pytest.raises(ConfigError, match=hint):
        own(tmp_path, BLOCK % shown)


def test_pages_or_blocks_and_nothing_twice(tmp_path):
    for text in ("title: {en: A}\n", "title: {en: A}\npages: [capacity]\n" + BLOCK.partition("\n")[2] % "{analysis: clv}"):
        with pytest.raises(ConfigError, match="either pages or blocks"):
            own(tmp_path, text)
    with pytest.raises(ConfigError, match="did you mean capacity"):
        own(tmp_path, "title: {en: A}\npages: [capasity]\n")


def test_actions_need_the_plan(tmp_path):
    with pytest.raises(ConfigError, match="show plan too"):
        own(tmp_path, "title: {en: A}\nfront: [actions]\npages: [capacity]\n")


def test_all_mistakes_at_once(tmp_path):
    with pytest.raises(ConfigError) as told_at_once:
        own(tmp_path, BLOCK % "{analysis: capacity, figures: [a], table: b}, {analysis: nowhere}")
    assert str(told_at_once.value).count("→") == 3


def test_a_depth_means_the_same_for_everybody(tmp_path):
    own(tmp_path, "title: {en: A}\npages: [capacity]\n")
    (tmp_path / "presets" / "light.yml").write_text("title: {en: A}\npages: [capacity]\n", "utf-8")
    assert load_preset("light", tmp_path) == load_preset("light", HOUSE)
    with pytest.raises(UsageError, match="did you mean marketing"):
        load_preset("marketting", tmp_path)


# ------------------------------------------------------------------ cells left out
def test_cells_of_what_is_not_needed_are_left_out_with_all_that_uses_them():
    left = _without(HOUSE / "notebooks" / "01_capacity.ipynb", {"surgery", "rota"})
    code = "\n".join(cell.source for cell in left.cells if cell.cell_type == "code")
    assert "run.analyse(capacity)" in code and "run.analyse(loads)" in code
    assert "analyse(surgery)" not in code and "analyse(rota)" not in code
    made = set(re.findall(r"^(\w+) = run\.analyse", code, re.MULTILINE))
    assert set(re.findall(r"run\.(?:head|notes|findings|table|figures)\((\w+)", code)) <= made


# ------------------------------------------------------------------ the command line
@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("workspace")
    (root / "data").mkdir()
    assert audit(root, "new", "demo", "--demo", "ent", "--size", "0.05").returncode == 0
    return root


def run(root: Path, *words: str) -> Path:
    done = audit(root, "run", "demo", "--to", "html,xlsx", *words)
    assert done.returncode == 0, told(done)
    return (root / "reports" / "demo" / "latest").resolve()


@pytest.mark.parametrize(("words", "hint"), [
    (("--preset", "marketting"), "did you mean marketing"),
    (("--depth", "ligth"), "did you mean light"),
    (("-p", "depth", "lite"), "light"),
    (("--depth", "light", "--preset", "marketing"), "one of them"),
    (("-p", "progress.since", "20160101-abcdefg"), "none was published"),
])
def test_what_there_is_not_ends_before_anything_runs(root, words, hint):
    done = audit(root, "run", "demo", *words)
    assert done.returncode == 2 and hint in told(done)
    assert not (root / "reports").exists()


YEAR_BEFORE = ("-y", "{period: {start: 2014-01-01, end: 2016-01-01, now: {start: 2015-12-01, end: 2016-01-01}}}")


@pytest.fixture(scope="module")
def runs(root) -> dict[str, Path]:
    """Made after the tests above, which need a workspace without reports: an audit a year before, and two of now."""
    then = run(root, "--depth", "light", *YEAR_BEFORE)
    return {"light": run(root, "--depth", "light"), "marketing": run(root, "--preset", "marketing"), "then": then}


def test_a_preset_is_a_run_of_its_own_and_the_manifests_say_which(root, runs):
    assert {name: path.name.rpartition("-")[2] for name, path in runs.items()} == {"light": "light", "marketing": "marketing", "then": "light"}
    said = {name: json.loads((runs[name] / "run_results.json").read_text("utf-8")) for name in ("light", "marketing")}
    for name, content in said.items():
        assert content["preset"] == name and content["shown"] == list(load_preset(name, HOUSE).analyses)
        assert [item["unique_id"] for item in content["results"]] == [
            path.stem for path in sorted((HOUSE / "notebooks").glob("[0-9]*.ipynb")) if load_preset(name, HOUSE).runs(path.stem)
        ]
    assert said["light"]["results"] != said["marketing"]["results"]
    assert json.loads((runs["light"] / "run.json").read_text("utf-8"))["preset"]["name"] == "light"


def test_a_depth_is_the_same_run_by_either_name(root, runs):
    done = audit(root, "run", "demo", "--to", "html,xlsx", "--preset", "light")
    assert "up to date" in told(done) and runs["light"].name in told(done)


def test_a_number_is_the_same_in_every_preset(runs):
    both = [path.name for path in (runs["light"] / "results").iterdir() if (runs["marketing"] / "results" / path.name).is_dir()]
    assert {"capacity", "clv", "retention", "channels", "funnel", "finance"} <= set(both)
    for name in both:
        assert hashes(runs["light"], f"results/{name}/*") == hashes(runs["marketing"], f"results/{name}/*"), name


def test_the_marketing_report_is_ten_blocks_and_nothing_else(runs):
    page = (runs["marketing"] / "report.html").read_text("utf-8")
    assert re.findall(r'<article class="block" id="block-([a-z-]+)"', page) == [key.replace("_", "-") for key in TEN]
    assert re.findall(r'<section class="section[^"]*" id="([a-z]+)"', page) == ["contents", "blocks", "back"]
    for article in re.findall(r'<article class="block".*?</article>', page, re.DOTALL):
        assert "<img" in article or "<table" in article or "not-computed" in article
    sheets = CalamineWorkbook.from_path(runs["marketing"] / "appendix.xlsx").sheet_names[1:]
    assert {sheet[3:] for sheet in sheets} == set(load_preset("marketing", HOUSE).analyses)


@pytest.mark.parametrize("name", ["light", "marketing"])
def test_nothing_refers_to_what_is_left_out(runs, name):
    page = (runs[name] / "report.html").read_text("utf-8")
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets <= set(re.findall(r'\bid="([^"]+)"', page))
    left_out = set(json.loads((runs[name] / "run_results.json").read_text("utf-8"))["left_out"])
    assert not {f'id="{analysis.replace("_", "-")}"' for analysis in left_out} & set(re.findall(r'id="[^"]+"', page))


def test_light_has_its_summary_and_says_that_it_is_the_first_audit(runs):
    page = (runs["then"] / "report.html").read_text("utf-8")
    assert 'id="summary"' in page and 'id="actions"' not in page and 'id="progress"' not in page
    assert page.count('<div class="card">') == 8
    assert "no earlier audit: this is the first" in page
    assert "clinic-audit run demo --preset light" in page


def test_a_later_audit_is_compared_with_the_earlier_one(runs):
    """The earlier days are computed again from today's exports: nothing was corrected since, so they say what was printed."""
    now, then = runs["light"], runs["then"]
    assert json.loads((now / "run.json").read_text("utf-8"))["earlier"] == f"reports/demo/{then.name}"
    page = (now / "report.html").read_text("utf-8")
    assert 'id="progress"' in page and then.name in page
    frame = pd.concat([pd.read_parquet(path) for path in (now / "results" / "progress").glob("[sm]*.parquet")])
    assert {"rooms", "missed", "profit"} <= set(frame.figure)
    compared = frame.dropna(subset="printed")
    assert ((compared.printed - compared.then).abs() <= 0.01 * compared.then.abs()).all()
