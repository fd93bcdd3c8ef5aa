"""``--cpython-sys-report``: the page about a run, out of real runs, however these end."""

from __future__ import annotations

import os
import re
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from ..page_parser import Page
from .browser import started_browser
from .conftest import interrupted, python_with_headers, run
from .test_drawings import FILES
from .test_example_crate import example as example
from .test_example_crate import run as run_example
from .test_matrix import CRATE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

# All that a page shows: what fails to be compared, to hold, to be evaluated; what is skipped.
MIXED = {
    **FILES,
    "src/lib.rs": FILES["src/lib.rs"]
    + """
#[cfg(test)] mod tests {
    #[test] fn adds() {
        println!("\\x1b[31mred\\x1b[0m </script><script>alert(1)</script>");
        assert_eq!(1 + 1, 3, "no </pre>");
    }
    #[test] #[ignore = "needs <two> machines"] fn slow() {}
}
""",
    "test_py.py": "def test_good(): pass\ndef test_bad(): assert 0\n",
}
_CHANGING = r"<time.*?</time>|<span>[\d.]+ s</span>|<dt>command</dt><dd>.*?</dd>|\d+\.\d\d\b"


def read(root: Path, name: str = "page.html") -> Page:
    page = Page((root / name).read_text(encoding="utf-8"))
    assert page.faults == []
    return page


def test_all_of_a_run(pytester: pytest.Pytester, write: Write) -> None:
    root = write(MIXED)
    result = run(pytester, "--cpython-sys-report=page.html")
    result.stdout.fnmatch_lines([f"*generated page: {root / 'page.html'}*"])
    page = read(root)
    shown = page.text
    assert "3 of 6 Rust tests failed" in page.texts["h1"]
    assert "Python tests: 1 passed, 1 failed" in shown
    assert "assertion `left == right` failed: no </pre>" in shown
    assert "src/lib.rs:15" in page.texts["code"]
    assert "red </script><script>alert(1)</script>" in shown
    assert "cargo test -p c --lib -- --exact tests::adds" in page.texts["code"]
    assert "needs <two> machines" in shown
    assert "2 of 3 layouts differ" in shown
    assert "first difference: offset 4" in shown
    assert "@abi::layout" in page.texts["code"]
    assert "Build times" in page.texts["a"]
    assert re.search(r"cargo \d+\.\d+.*, rustc \d+\.\d+", shown)
    # Without one, reports carry nothing more, and no layout that agrees is looked at.
    assert not [path for path in root.iterdir() if path.suffix == ".part"]


@pytest.mark.pytest_side
def test_workers_of_xdist_report_the_same(pytester: pytest.Pytester, write: Write) -> None:
    root = write(MIXED)
    for more in (("--cpython-sys-report=1.html",), ("--cpython-sys-report=2.html", "-n2"),
                 ("--cpython-sys-report=3.html", "-ocpython_sys_fast=false")):  # fmt: skip
        run(pytester, *more)
    # The first of them has built it.
    run(pytester, "--cpython-sys-report=1.html")
    texts = [(root / f"{number}.html").read_text(encoding="utf-8") for number in (1, 2, 3)]
    alone, xdist, slow = (re.sub(_CHANGING, "", text, flags=re.DOTALL) for text in texts)
    assert alone == xdist
    assert alone == slow


@pytest.mark.parametrize("more", [(), ("-n1",)], ids=["alone", "xdist"])
def test_a_run_that_is_ended_by_x_says_so(
    pytester: pytest.Pytester, write: Write, more: tuple[str, ...]
) -> None:
    root = write(MIXED)
    run(pytester, "--cpython-sys-report=page.html", "-x", *more)
    page = read(root)
    assert "Incomplete." in page.text
    assert re.search(r"topping after 1 failures?\. \d of 8 tests did not run\.", page.text)


SLOW = """#[cfg(test)] fn pause() { std::thread::sleep(std::time::Duration::from_secs(2)); }
#[test] fn a() {}
#[test] fn b() { pause(); std::fs::write("started", "").unwrap(); pause(); pause(); }
"""


def test_an_interrupted_run_has_a_page(pytester: pytest.Pytester, write: Write) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": SLOW})
    output = interrupted(root, signal.SIGINT, "--cpython-sys-report=page.html")
    assert b"generated page: " in output
    page = read(root)
    assert "The run was interrupted (Ctrl-C). 1 of 2 tests did not run." in page.text
    assert page.texts["h1"] == ["1 Rust test passed before the run ended early"]


def test_a_run_that_is_interrupted_while_it_builds(pytester: pytest.Pytester, write: Write) -> None:
    script = (
        'fn main() { std::fs::write("started", "").unwrap(); '
        "std::thread::sleep(std::time::Duration::from_secs(60)); }"
    )
    root = write({"Cargo.toml": "c", "src/lib.rs": SLOW, "build.rs": script})
    interrupted(root, signal.SIGINT, "--cpython-sys-report=page.html")
    page = read(root)
    assert "The run was interrupted (Ctrl-C). No test had run." in page.text
    assert page.texts["h1"] == ["No Rust test ran"]


def test_what_cannot_be_collected_makes_it_incomplete(
    pytester: pytest.Pytester, write: Write
) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": "#[test] fn a() {}", "test_a.py": "import no"})
    run(pytester, "--cpython-sys-report=page.html")
    page = read(root)
    assert "Incomplete." in page.text
    assert "1 collection error" in page.text


@pytest.mark.parametrize("more", [(), ("-k", "nothing")], ids=["collection ends", "deselected"])
def test_what_did_not_build_is_a_failure_though_no_item_ran(
    pytester: pytest.Pytester, write: Write, more: tuple[str, ...]
) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": "#[test] fn a() { let x: i32 = ''; }"})
    if not more:
        (root / "test_a.py").write_text("import no", encoding="utf-8")
    run(pytester, "--cpython-sys-report=page.html", *more)
    page = read(root)
    assert "Failures" in page.text
    assert "empty character literal" in page.text


def test_collecting_writes_none(pytester: pytest.Pytester, write: Write) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": "#[test] fn a() {}"})
    result = run(pytester, "--cpython-sys-report=page.html", "--collect-only")
    result.stdout.fnmatch_lines(["--cpython-sys-report: a run with --collect-only writes no page"])
    assert not (root / "page.html").exists()


def test_the_key_is_relative_to_rootdir(pytester: pytest.Pytester, write: Write) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": "#[test] fn a() {}"})
    (root / "pytest.ini").write_text("[pytest]\ncpython_sys_report = page.html\n", encoding="utf-8")
    pytester.chdir()
    os.chdir(root / "src")
    run(pytester)
    assert "The one Rust test passed" in read(root).texts["h1"]


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("missing/page.html", " cannot be written (No such file or directory: */missing)"),
        ("src.html", " cannot be written (Is a directory: */src.html)"),
        ("src", ": the name of the file must end with .html or .htm"),
        ("src/lib.rs", ": the name of the file must end with .html or .htm"),
        ("", " is empty: write the name of a file, such as report.html"),
        ("/proc/page.html", " cannot be written (no file can be created there: /proc)"),
        ("fifo.html", " cannot be written (not a regular file: */fifo.html)"),
        ("Cargo.toml/page.html", " cannot be written (Not a directory: */Cargo.toml)"),
        (f"{'x' * 300}.html", " cannot be written (File name too long: *)"),
        ("/dev/null", ": the name of the file must end with .html or .htm"),
    ],
)
def test_a_place_that_cannot_be_written(
    pytester: pytest.Pytester,
    write: Write,
    cargo_calls: Callable[[], list[str]],
    place: str,
    why: str,
) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": "#[test] fn a() {}", "src.html/x": ""})
    os.mkfifo(root / "fifo.html")
    result = pytester.runpytest_subprocess("--cpython-sys", f"--cpython-sys-report={place}")
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: --cpython-sys-report={place}{why}*"])
    if not place:
        return  # a key without a value is none
    (root / "pytest.ini").write_text(f"[pytest]\ncpython_sys_report = {place}\n", encoding="utf-8")
    result = pytester.runpytest_subprocess("--cpython-sys")
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: pytest.ini: cpython_sys_report = {place}{why}*"])
    assert "build" not in cargo_calls()
    assert not (root / "target").exists()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_not_ours(pytester: pytest.Pytester, write: Write) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": "#[test] fn a() {}"})
    (root / "theirs").mkdir(mode=0o555)
    result = pytester.runpytest_subprocess("--cpython-sys", "--cpython-sys-report=theirs/a.html")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: * cannot be written (Permission denied: */theirs): choose another *"]
    )


def test_without_the_switch_it_is_refused(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--cpython-sys-report=page.html")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --cpython-sys-report: the plugin is off*"])


def test_several_pythons(pytester: pytest.Pytester, write: Write) -> None:
    pythons = [python_with_headers(version) for version in ("3.12", "3.13")]
    root = write(CRATE)
    named = [f"--cpython-sys-python={python.executable}" for python in pythons]
    run(pytester, "-ocpython_sys_policies=off", "--cpython-sys-report=page.html", *named)
    page = read(root)
    assert "What fails where" in page.text
    assert {"@cp312", "@cp313"} <= {*page.texts["th"], *page.texts["code"]}
    assert "src/lib.rs::tests::never" in page.texts["code"]


def test_the_example(
    pytester: pytest.Pytester, example: Path, example_target: Path, tmp_path: Path
) -> None:
    python = python_with_headers(f"{sys.version_info.major}.{sys.version_info.minor}")
    run_example(pytester, python, example_target, f"--cpython-sys-report={tmp_path / 'p.html'}")
    page = read(tmp_path, "p.html")
    assert "none failed" in page.texts["h1"][0]
    assert page.classes["layout"] > 500
    assert {"cpython-sys", "spam"} <= set(page.texts["th"])
    assert {"@unsafe", "@symbol", "@module::imports", "@abi::layout"} <= set(page.texts["code"])


WIDER = """
[...document.querySelectorAll('body *')].filter(one => {
  if (one.closest("pre, nav, caption, svg, thead, legend, .scroll, .drawing, .skip")) return false;
  const box = one.getBoundingClientRect();
  return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
}).map(one => one.tagName + '.' + one.className)
"""
BRIGHTNESS = """
getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)
"""


def test_it_looks_right(pytester: pytest.Pytester, write: Write, tmp_path: Path) -> None:
    root = write(MIXED)
    run(pytester, "--cpython-sys-report=page.html")
    with started_browser(tmp_path / "profile") as browser:
        for width in (1280, 400):
            for dark in (False, True):
                browser.show(root / "page.html", width, dark=dark)
                browser.value(
                    "document.querySelectorAll('details').forEach(one => one.open = true)"
                )
                assert browser.value("innerWidth") == width
                assert browser.value("document.documentElement.scrollWidth") == width
                assert browser.value(WIDER) == []
                assert (max(browser.value(BRIGHTNESS)) < 64) is dark
                # What scrolls can be reached with the keyboard, and has a name.
                boxes = "document.querySelectorAll('.scroll, .drawing, pre')"
                assert browser.value(
                    f"[...{boxes}].every(one => one.tabIndex === 0 && one.ariaLabel)"
                )
                picture = tmp_path / f"{width}{'dark' if dark else 'light'}.png"
                browser.screenshot(picture)
                assert picture.stat().st_size > 20_000
        # A choice without a script.
        browser.value("document.getElementById('show-bad').click()")
        rows = "[...document.querySelectorAll('.tests tbody tr')].filter(one => one.offsetHeight)"
        assert browser.value(f"{rows}.every(one => one.className === 'is-bad')")
        assert browser.value(f"{rows}.length") == 3
        browser.printed(tmp_path / "page.pdf")
        assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
