"""What other tools read of a failure: its place, its class, its traceback, its style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from _pytest._code.code import ExceptionChainRepr, ReprEntry

from .test_fast_protocol import Participant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

pytestmark = pytest.mark.pytest_side

CRATE = {
    "Cargo.toml": "c",
    "src/lib.rs": """/// ```
/// assert_eq!(1 + 1, 3);
/// ```
pub fn check(a: i32) {
    assert!(a > 3, "a is {a}");
}
#[test]
fn plain() {
    let two = 1 + 1;
    assert_eq!(two, 3);
}
#[test]
fn in_words() { check(2); }
#[test]
fn unwraps() { None::<i32>.unwrap(); }
#[test]
fn panics() { panic!("no assert!"); }
#[test]
fn returns() -> Result<(), String> { Err("no".into()) }
#[test]
#[should_panic]
fn expects() {}
#[test]
#[should_panic(expected = "x")]
fn expects_other() { panic!("y"); }
#[test]
fn dies() { std::process::abort(); }
#[test]
fn good() {}
""",
    "tests/it.rs": "mod common;\n#[test]\nfn elsewhere() {\n    common::check(1);\n}\n",
    "tests/common/mod.rs": "pub fn check(a: i32) {\n    std::assert_ne!(a, 1);\n}\n",
}
PLACES = {
    "src/lib.rs::plain": ("src/lib.rs", 10),
    "src/lib.rs::in_words": ("src/lib.rs", 5),
    "src/lib.rs::unwraps": ("src/lib.rs", 15),
    "src/lib.rs::panics": ("src/lib.rs", 17),
    "src/lib.rs::returns": ("src/lib.rs", 19),
    "src/lib.rs::expects": ("src/lib.rs", 22),
    "src/lib.rs::expects_other": ("src/lib.rs", 25),
    "src/lib.rs::dies": ("src/lib.rs", 27),
    "src/lib.rs::@doctest::check::1": ("src/lib.rs", 1),
    "tests/it.rs::elsewhere": ("tests/common/mod.rs", 2),
}
ASSERTED = {
    *("src/lib.rs::plain", "src/lib.rs::in_words", "src/lib.rs::@doctest::check::1"),
    *("src/lib.rs::expects", "src/lib.rs::expects_other", "tests/it.rs::elsewhere"),
}


class Reader:
    """Keeps what each failed call has, as tools see it."""

    def __init__(self) -> None:
        self.reports: dict[str, Any] = {}
        self.errors: dict[str, pytest.ExceptionInfo[BaseException]] = {}
        self.asked: dict[str, pytest.ExceptionInfo[BaseException]] = {}

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.reports[report.nodeid] = report.longrepr


class Interested(Reader):
    """Looks at calls too, which makes all reports the ordinary way."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if call.excinfo is not None:
            self.errors[item.nodeid] = call.excinfo
        return report

    @pytest.hookimpl
    def pytest_exception_interact(self, node: pytest.Item, call: pytest.CallInfo[None]) -> None:
        assert call.excinfo is not None
        self.asked[node.nodeid] = call.excinfo


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
@pytest.mark.parametrize("way", ["fast", "ordinary"])
def test_what_tools_read_is_the_place_of_the_panic(
    pytester: pytest.Pytester, write: Write, way: str, workers: list[str]
) -> None:
    """GitHub's annotations and pytest-pretty read the first entry of the last in the chain."""
    root = write(CRATE)
    reader = Reader()
    plugins = [reader, *([Participant()] if way == "ordinary" else [])]
    result = pytester.inline_run("--cpython-sys", *workers, plugins=plugins)
    assert result.ret == 1
    assert reader.reports.keys() == PLACES.keys()
    for nodeid, longrepr in reader.reports.items():
        assert isinstance(longrepr, ExceptionChainRepr)
        (entry,) = longrepr.chain[-1][0].reprentries
        assert isinstance(entry, ReprEntry)
        assert entry.reprfileloc is not None
        assert longrepr.reprcrash is not None
        file, line = PLACES[nodeid]
        assert (entry.reprfileloc.path, entry.reprfileloc.lineno) == (file, line)
        assert (longrepr.reprcrash.path, longrepr.reprcrash.lineno) == (str(root / file), line)
        assert longrepr.reprcrash.message.startswith(entry.reprfileloc.message)
    assert "left: 2 right: 3" in reader.reports["src/lib.rs::plain"].reprcrash.message


def test_places_are_seen_from_where_pytest_was_started(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write({"pytest.ini": "[pytest]\n", **{f"c/{name}": CRATE[name] for name in CRATE}})
    monkeypatch.chdir(root / "c" / "tests")
    reader = Reader()
    pytester.inline_run("--cpython-sys", "it.rs", plugins=[reader])
    (longrepr,) = reader.reports.values()
    (entry,) = longrepr.chain[-1][0].reprentries
    assert entry.reprfileloc.path == "common/mod.rs"
    assert longrepr.reprcrash.path == str(root / "c" / "tests" / "common" / "mod.rs")


def test_an_assertion_that_failed_is_an_assertion_error(
    pytester: pytest.Pytester, write: Write
) -> None:
    """Allure asks for the class, VS Code's adapter for its name."""
    write(CRATE)
    reader = Interested()
    pytester.inline_run("--cpython-sys", plugins=[reader])
    assert reader.errors.keys() == PLACES.keys()
    assert {key for key, info in reader.errors.items() if info.errisinstance(AssertionError)} == (
        ASSERTED
    )
    assert {key for key, info in reader.errors.items() if info.typename == "AssertionError"} == (
        ASSERTED
    )
    told = "AssertionError: assertion `left == right` failed\n  left: 2\n right: 3"
    assert reader.errors["src/lib.rs::plain"].exconly() == told
    told = "RustFailedError: called `Option::unwrap()` on a `None` value"
    assert reader.errors["src/lib.rs::unwraps"].exconly() == told


def test_a_traceback_leads_to_rust_alone(pytester: pytest.Pytester, write: Write) -> None:
    """neotest takes the last entry in the test's own file, a debugger the last of all."""
    root = write(CRATE)
    reader = Interested()
    pytester.inline_run("--cpython-sys", plugins=[reader])
    assert reader.asked.keys() == PLACES.keys()
    for nodeid, info in reader.asked.items():
        assert info is reader.errors[nodeid]
        places = [(str(entry.path), entry.lineno + 1) for entry in info.traceback]
        file, line = PLACES[nodeid]
        assert places[-1] == (str(root / file), line)
        own = str(root / nodeid.partition("::")[0])
        assert {path for path, _ in places} == {own, str(root / file)}
    elsewhere = reader.asked["tests/it.rs::elsewhere"].traceback
    assert [entry.lineno + 1 for entry in elsewhere] == [3, 2]
    assert {entry.name for entry in elsewhere} == {"elsewhere"}


PLAIN = {
    "short": """
src/lib.rs:10: in plain
    assert_eq!(two, 3);
E   assertion `left == right` failed
E     left: 2
E    right: 3
""",
    "long": """
>       assert_eq!(two, 3);
E       assertion `left == right` failed
E         left: 2
E        right: 3

src/lib.rs:10: AssertionError

with cargo alone: cargo test -p c --lib -- --exact plain
in a debugger: pytest src/lib.rs::plain --cpython-sys --cargo-debugger="rust-gdb --args"
""",
    "native": """
Traceback (most recent call last):
  File "{root}/src/lib.rs", line 10, in plain
    assert_eq!(two, 3);
AssertionError: assertion `left == right` failed
  left: 2
 right: 3
""",
    "line": """
{root}/src/lib.rs:10: assertion `left == right` failed left: 2 right: 3
""",
    "auto": """
src/lib.rs:10: assertion `left == right` failed
  left: 2
 right: 3

with cargo alone: cargo test -p c --lib -- --exact plain
in a debugger: pytest src/lib.rs::plain --cpython-sys --cargo-debugger="rust-gdb --args"
""",
    "no": "",
}


@pytest.mark.parametrize("style", PLAIN)
@pytest.mark.parametrize("workers", [[], ["-n1"]], ids=["alone", "n1"])
def test_a_style_does_what_it_does_to_python(
    pytester: pytest.Pytester, write: Write, style: str, workers: list[str]
) -> None:
    root = write({**CRATE, "test_p.py": "def test_p():\n    assert 2 == 3\n"})
    arguments = ("src/lib.rs::plain", "test_p.py", f"--tb={style}", "-rN", *workers)
    text = pytester.runpytest("--cpython-sys", *arguments).stdout.str()
    shown = [form for form in PLAIN.values() if form and form.format(root=root) in text]
    # What is shown in one line begins another form as well.
    assert shown == ([PLAIN[style]] if style != "no" else [])
    assert ("test_p.py:2" in text or 'test_p.py", line 2' in text) == (style != "no")
    if style == "no":
        assert "left: 2" not in text


BROKEN = {
    "Cargo.toml": "c",
    "src/lib.rs": "#[test] fn fine() {}\n",
    "src/main.rs": "fn main() {\n    c::nothing();\n}\n",
    "tests/bad.rs": 'fn f() -> u32 {\n    ""\n}\n',
}
ERRORS = {
    "src/main.rs::@build": ("src/main.rs", 2, "error[E0425]: cannot find function `nothing`"),
    "tests/bad.rs::@build": ("tests/bad.rs", 2, "error[E0308]: mismatched types"),
}


class Collecting:
    """Keeps what collecting has raised, as VS Code's adapter does in its discovery."""

    def __init__(self) -> None:
        self.reports: dict[str, Any] = {}
        self.errors: dict[str, pytest.ExceptionInfo[BaseException]] = {}
        self.items: list[str] = []

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.reports[report.nodeid] = report.longrepr

    @pytest.hookimpl
    def pytest_exception_interact(self, node: pytest.Collector, call: Any) -> None:
        self.errors[node.nodeid] = call.excinfo

    @pytest.hookimpl
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = [item.nodeid for item in session.items]


def test_a_discovery_shows_why_a_target_did_not_build(
    pytester: pytest.Pytester, write: Write
) -> None:
    root = write(BROKEN)
    seen = Collecting()
    result = pytester.inline_run("--cpython-sys", "--collect-only", plugins=[seen])
    assert result.ret == pytest.ExitCode.INTERRUPTED  # as after an error in a Python module
    assert set(seen.items) == {"src/lib.rs::fine", *ERRORS}
    assert seen.reports.keys() == seen.errors.keys() == ERRORS.keys()
    for nodeid, (file, line, words) in ERRORS.items():
        assert words in seen.errors[nodeid].exconly()
        crash = seen.reports[nodeid].reprcrash
        assert (crash.path, crash.lineno) == (str(root / file), line)
        assert crash.message.startswith(words)
        (entry,) = seen.errors[nodeid].traceback
        assert (str(entry.path), entry.lineno + 1) == (str(root / file), line)


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "n2"])
def test_a_run_has_the_items_alone(
    pytester: pytest.Pytester, write: Write, workers: list[str]
) -> None:
    write(BROKEN)
    result = pytester.runpytest("--cpython-sys", *workers)
    result.assert_outcomes(passed=1, failed=2)
