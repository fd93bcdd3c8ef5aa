"""The page about a run, as text: whatever tests are called and print, it is whole."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_cpython_sys.case import Layouts, Member, TypeLayout
from pytest_cpython_sys.plugin import pages
from pytest_cpython_sys.plugin.build_times import Crate
from pytest_cpython_sys.plugin.pages.facts import Facts
from pytest_cpython_sys.plugin.pages.page import document
from pytest_cpython_sys.plugin.pages.records import PythonTests, Record, Records
from pytest_cpython_sys.plugin.python_table import Comparison
from pytest_cpython_sys.plugin.report import PackageCounts

from ..page_parser import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What must not get out of where it stands: markup, ends of attributes, controls.
NASTY = (
    "</script><script>alert(1)</script> <b>&amp;\"'` </pre></details> "
    "\x1b[31mred\x1b[0m \0\x07\u202e\ud800"
)
FIELDS = (Member("a", 0, 8), Member("b", 64, 128))
SAME = Layouts(TypeLayout("struct t", 16, 8, FIELDS), TypeLayout("t", 16, 8, FIELDS))
OTHER = Layouts(
    TypeLayout("struct <t>", 16, 8, FIELDS),
    TypeLayout("t", 8, 4, (Member("a", 0, 8), Member("b", 32, 64))),
    ("b",),
)


def record(name: str, outcome: str = "passed", **more: Any) -> Record:
    nodeid = more.pop("nodeid", f"c/src/lib.rs::{name}")
    source = more.pop("source", "c/src/lib.rs:3")
    kind = more.pop("kind", "unit")
    return Record(nodeid, "c", "c", kind, name, source, outcome, **more)


def page_of(records: Sequence[Record], labels: Sequence[str] = (), **more: Any) -> tuple[str, Page]:
    counts, comparison = PackageCounts(), Comparison(labels)
    for one in records:
        label = comparison.label_of(one.nodeid)
        counts.count(one.package, one.kind, one.outcome, one.nodeid, one.heading, label)
        comparison.count(one.nodeid, one.outcome)
    given: dict[str, Any] = {
        "project": "c",
        "command": "pytest --cpython-sys",
        "started": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        "seconds": 75.0,
        "exit_code": 0,
        "incomplete": "",
        "environment": [("pytest", "9.2.0")],
        "python": PythonTests(),
        "crates": [],
        "fresh": 0,
        "notes": [],
        **more,
    }
    text = document(Facts(records=records, counts=counts, comparison=comparison, **given))
    return text, Page(text)


def everything() -> list[Record]:
    failing = {"heading": NASTY, "body": NASTY, "place": NASTY, "output": NASTY, "command": NASTY}
    return [
        record("ok"),
        record(NASTY, "failed", **failing, layouts=OTHER),
        record("tests::unknown", "not evaluated", heading="killed"),
        record("tests::slow", "skipped", reason=NASTY),
        record("tests::known", "xfailed", reason="known"),
        record("bindgen_test_layout_t", kind="layout", layouts=SAME),
        record("@abi::layout::t", "failed", kind="abi", layouts=OTHER),
        record("@unsafe", kind="policy"),
        record("@module::imports", kind="policy"),
    ]


def test_a_page_is_whole_whatever_stands_in_it() -> None:
    crates = [Crate(NASTY, {"lib": 2.0, "build script run": 1.0}, {0})]
    notes, environment = [NASTY], [(NASTY, NASTY)]
    text, page = page_of(
        everything(), crates=crates, notes=notes, environment=environment, project=NASTY,
        command=NASTY, incomplete=NASTY, python=PythonTests({NASTY: "failed"}, [NASTY]),
    )  # fmt: skip
    assert page.faults == []
    text.encode()
    assert re.search("[\0-\x08\x0b-\x1f]", text) is None
    assert "alert(1)" in page.text
    assert "red ␀␇" in page.text
    assert "Incomplete." in page.text
    assert {"main", "header", "nav", "footer", "h1", "svg", "table"} <= set(page.tags)
    # A heading for each landmark, and a name for each table.
    assert page.tags.count("section") == page.tags.count("h2") == 8
    assert page.tags.count("table") == page.tags.count("caption")
    assert "http" not in text.replace("http-equiv", "")


def test_an_empty_run_is_a_page_too() -> None:
    _, page = page_of([])
    assert page.faults == []
    assert "No Rust test ran" in page.text


@pytest.mark.parametrize(
    ("records", "more", "headline"),
    [
        ([record("a")], {}, "The one Rust test passed"),
        ([record("a"), record("b")], {}, "All 2 Rust tests passed"),
        ([record("a"), record("b", "skipped")], {}, "1 of 2 Rust tests passed, none failed"),
        ([record("a"), record("b", "failed")], {"exit_code": 1}, "1 of 2 Rust tests failed"),
        ([record("a"), record("b", "not evaluated")], {}, "1 of 2 Rust tests was not evaluated"),
        ([record("a")], {"exit_code": 1}, "The run failed, but no Rust test did"),
        ([record("a")], {"exit_code": 2, "incomplete": "Ctrl-C."}, "1 Rust test passed before"),
    ],
)
def test_the_headline_says_no_more_than_is_known(
    records: list[Record], more: dict[str, Any], headline: str
) -> None:
    _, page = page_of(records, **more)
    (shown,) = page.texts["h1"]
    assert shown.startswith(headline)


def test_what_differs_is_drawn_side_by_side_and_what_agrees_once() -> None:
    text, page = page_of(everything())
    assert page.classes["layout"] == 6  # the pattern of holes, two types twice, and one
    assert text.count("first difference: offset 4") == 2
    assert "2 of 3 layouts differ" in page.text
    agreeing = text[text.index("Layouts that agree") :]
    assert agreeing.count("<svg") == 1
    assert "(hole), 7 bytes" in agreeing
    assert "1 hole" in agreeing
    assert "but neither their sizes" not in page.text


def test_no_hole_is_claimed_where_sizes_are_not_recorded() -> None:
    fields = (Member("owner", 8, None), Member("last", 32, None), Member("rest", 64, None))
    side = TypeLayout("t", 8, 4, fields)
    text, page = page_of([record("t", kind="layout", layouts=Layouts(side, side))])
    assert "but neither their sizes" in page.text
    assert "(hole)" not in text
    assert "1 hole" not in text
    assert "(not recorded), 1 byte" in text
    assert "sizes of fields are not recorded" in text


def test_the_headline_tells_failed_from_not_evaluated() -> None:
    records = [record("a", "failed"), record("b", "not evaluated"), record("c", "skipped")]
    _, page = page_of(records)
    assert page.texts["h1"] == ["1 of 3 Rust tests failed, 1 was not evaluated"]


@pytest.mark.parametrize(("incomplete", "said"), [("", "does not exist"), ("-x.", "did not run")])
def test_what_a_python_has_no_outcome_of(incomplete: str, said: str) -> None:
    records = [
        record("t", "failed", nodeid="c/src/lib.rs::@cp313::t"),
        record("u", nodeid="c/src/lib.rs::@cp312::u"),
    ]
    text, _ = page_of(records, ("cp312", "cp313"), incomplete=incomplete)
    assert f'<span class="said">{said}</span>' in text


def test_each_failure_is_linked_from_its_row_and_leads_to_its_drawing() -> None:
    _, page = page_of(everything())
    assert page.links.count("#failure-1") == 1
    assert {"#layout-1", "#layout-2"} <= set(page.links)


def test_pythons_that_do_not_agree_have_a_table() -> None:
    labels = ("cp312", "cp313")
    records = [
        record("t", "failed", nodeid="c/src/lib.rs::@cp313::t"),
        record("t", nodeid="c/src/lib.rs::@cp312::t"),
    ]
    text, page = page_of(records, labels)
    assert page.faults == []
    assert "What fails where" in page.text
    assert "What fails on which Python" in text
    _, alike = page_of([records[1], record("t", nodeid="c/src/lib.rs::@cp313::t")], labels)
    assert "no test fails on cp312, cp313" in alike.text
    more = {"incomplete": "Ctrl-C.", "exit_code": 2}
    _, early = page_of([records[1], record("t", nodeid="c/src/lib.rs::@cp313::t")], labels, **more)
    assert "no test fails" not in early.text
    assert early.classes["head"] == 1
    assert "no test had failed when the run ended early" in early.text
    _, alone = page_of([record("t")])
    assert "Several Pythons" not in alone.text


def test_bars_are_as_long_as_crates_took() -> None:
    crates = [
        Crate("a 1.0", {"lib": 3.0, "build script": 1.0}, {0}),
        Crate("b 1.0", {"lib": 2.0}, {0}),
    ]
    text, page = page_of([record("t")], crates=crates, fresh=7)
    assert "2 crates compiled, 7 were up to date" in page.text
    widths = re.findall(r'<rect class="(\w+)" x="([\d.]+)" width="([\d.]+)" height="10"/>', text)
    assert widths == [
        ("one", "0.00", "75.00"),
        ("three", "75.00", "25.00"),
        ("one", "0.00", "50.00"),
    ]
    many = [Crate(f"c{number}", {"lib": 1.0}, {0}) for number in range(60)]
    _, page = page_of([record("t")], crates=many)
    assert "35 more crates" in page.text


@pytest.mark.parametrize("count", [1414])
def test_big_runs_give_a_page_that_loads(count: int) -> None:
    fields = tuple(Member(f"field_{index}", 64 * index, 64 * index + 32) for index in range(6))
    layout = TypeLayout("struct a_type", 48, 8, fields)
    records = [
        record(f"bindgen_test_layout_{number}", kind="layout", layouts=Layouts(layout, layout))
        for number in range(count)
    ]
    records += [record(f"tests::number_{number}") for number in range(3000)]
    text, page = page_of(records)
    assert page.faults == []
    assert page.classes["layout"] == count + 1
    assert len(text.encode()) < 6_000_000


# -- reports -------------------------------------------------------------------------------------


def report(
    name: str, when: Any = "call", outcome: Any = "passed", longrepr: Any = None, **more: Any
) -> pytest.TestReport:
    nodeid = more.pop("nodeid", f"c/src/lib.rs::{name}")
    known = [("package", "c"), ("target", "c"), ("rust_test", name), ("kind", "unit")]
    known.append(("source", "c/src/lib.rs:3"))
    properties = more.pop("user_properties", known)
    made = pytest.TestReport(
        nodeid, ("c/src/lib.rs", 2, name), {}, outcome, longrepr, when, user_properties=properties,
        duration=0.5,
    )  # fmt: skip
    vars(made).update(more)
    return made


def noted(reports: Iterable[pytest.TestReport]) -> tuple[list[tuple[str, str]], Records]:
    records = Records()
    for one in reports:
        records.note(one)
    return [(one.name, one.outcome) for one in records.sorted()], records


def test_the_order_is_that_of_sources_not_of_reports() -> None:
    reports = [report(name) for name in "bac"]
    assert noted(reports)[0] == noted(reversed(reports))[0]


def test_a_report_says_what_became_of_a_test() -> None:
    skipped = ("c/src/lib.rs", 3, "Skipped: no network")
    found, records = noted(
        [
            report("a", "setup"),
            report("a"),
            report("a", "teardown"),
            report("b", outcome="failed", longrepr="first\nsecond"),
            report("c", "setup", "failed", "no verdict"),
            report("d", outcome="skipped", longrepr=skipped),
            report("e", outcome="skipped", longrepr=skipped, wasxfail="known"),
            report("f", outcome="rerun"),
            report("f"),
            report("g"),
            report("g", "teardown", "failed", "ended badly"),
        ]
    )
    assert found == [
        ("a", "passed"),
        ("b", "failed"),
        ("c", "not evaluated"),
        ("d", "skipped"),
        ("e", "xfailed"),
        ("f", "passed"),
        ("g", "not evaluated"),
    ]
    a, b, _, d, e, _, g = records.sorted()
    assert a.seconds == 0.5
    assert (b.heading, b.body, b.place) == ("first", "second", "c/src/lib.rs:3")
    assert (d.reason, e.reason) == ("no network", "known")
    assert g.heading == "ended badly"


def test_a_test_that_runs_again_is_what_it_was_last() -> None:
    found, _ = noted([report("a", outcome="failed", longrepr="x"), report("a")])
    assert found == [("a", "passed")]


def test_a_worker_that_crashed_is_no_pass() -> None:
    crashed = report("b", "???", "failed", "worker 'gw0' crashed", user_properties=[])
    found, records = noted([report("a"), crashed])
    assert dict(found) == {"a": "passed", "b": "not evaluated"}
    assert {one.package for one in records.sorted()} == {"c"}


def test_tests_of_python_are_counted() -> None:
    names = {"passed": None, "failed": "x"}
    reports = [
        report(name, outcome=name, longrepr=text, nodeid=f"test_a.py::{name}", user_properties=[])
        for name, text in names.items()
    ]
    found, records = noted(reports)
    assert found == []
    _, page = page_of([record("t")], python=records.python)
    assert "Python tests: 1 passed, 1 failed" in page.text


# -- colours -------------------------------------------------------------------------------------


def luminance(color: str) -> float:
    """Return how bright a colour is: https://www.w3.org/TR/WCAG21/#dfn-relative-luminance."""
    values = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_texts_can_be_read(scheme: int) -> None:
    """At least 4.5 to 1: https://www.w3.org/TR/WCAG21/#contrast-minimum."""
    style = Path(pages.__file__).with_name("page.css").read_text(encoding="utf-8")
    block = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[scheme]
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    pairs = [
        ("text", "ground"),
        ("text", "page"),
        ("text", "soft"),
        ("link", "page"),
        ("link", "ground"),
    ]
    pairs += [("faint", "ground"), ("faint", "page"), ("faint", "soft")]
    pairs += [(name, f"{name}-soft") for name in ("good", "bad", "warn", "calm")]
    pairs += [("text", f"{name}-soft") for name in ("good", "bad", "warn", "calm")]
    pairs += [("text", "field"), ("text", "wrong"), ("edge", "page")]
    weak = {pair: contrast(*(colors[name] for name in pair)) for pair in pairs}
    assert {pair: value for pair, value in weak.items() if value < 4.5} == {}
