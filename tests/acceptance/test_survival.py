"""A test that crashes, hangs or lies takes nothing down with it."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from junitparser import JUnitXml

from .conftest import interrupted, is_running, outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

HEAD = """
#![allow(dead_code, unconditional_recursion)]
extern "C" {
    fn write(fd: i32, data: *const u8, size: usize) -> isize;
    fn atexit(f: extern "C" fn()) -> i32;
}
fn raw(data: &[u8]) { unsafe { write(1, data.as_ptr(), data.len()); } }
"""
NEIGHBOURS = """
#[test] fn a_first() { std::thread::sleep(std::time::Duration::from_millis(20)); }
#[test] fn z_last() {}
#[test] fn z_fails() { panic!("honestly"); }
"""


def check(
    pytester: pytest.Pytester, write: Write, body: str, expected: str, *arguments: str
) -> pytest.RunResult:
    """Run ``m_culprit`` between neighbours; all of them must have their own verdict."""
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": HEAD + NEIGHBOURS + f"#[test] fn m_culprit() {{ {body} }}\n",
        }
    )
    result = run(pytester, *arguments)
    assert outcomes(result) == {
        "src/lib.rs::a_first": "passed",
        "src/lib.rs::m_culprit": expected,
        "src/lib.rs::z_fails": "failed",
        "src/lib.rs::z_last": "passed",
    }
    assert result.ret == 1
    return result


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('println!("last words"); std::process::abort();', "killed by SIGABRT*"),
        ("unsafe { *(1 as *mut u8) = 0; }", "killed by SIGSEGV*"),
        (
            "fn f(n: u64) -> u64 { let a = [n; 512]; f(n + 1) + a[7] } f(0);",
            "stack overflow: killed by SIG*",
        ),
        ("std::process::exit(0);", "exited before it finished*"),
        ("std::process::exit(3);", "exited before it finished*exit code 3*"),
    ],
    ids=["abort", "segfault", "overflow", "exit0", "exit3"],
)
def test_a_test_that_ends_its_process(
    pytester: pytest.Pytester, write: Write, body: str, words: str
) -> None:
    result = check(pytester, write, body, "failed")
    result.stdout.fnmatch_lines([f"*src/lib.rs:*: {words}"])


def test_what_a_crashing_test_wrote_is_shown(pytester: pytest.Pytester, write: Write) -> None:
    body = r'raw(b"to stdout\n"); eprint!("held back"); '
    body += r'unsafe { write(2, b"to stderr\n".as_ptr(), 10); } std::process::abort();'
    result = check(pytester, write, body, "failed", "src/lib.rs")
    shown = result.stdout.str().partition("killed by SIGABRT")[2]
    assert "to stdout" in shown
    assert "to stderr" in shown


def test_a_crash_that_needs_company_is_a_failure_that_says_so(
    pytester: pytest.Pytester, write: Write
) -> None:
    source = """
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
static N: AtomicUsize = AtomicUsize::new(0);
fn both() {
    if N.fetch_add(1, SeqCst) == 1 { std::process::abort(); }
    std::thread::sleep(std::time::Duration::from_millis(500));
    N.store(0, SeqCst);
}
#[test] fn one() { both() }
#[test] fn two() { both() }
"""
    write({"Cargo.toml": "c", "src/lib.rs": source})
    result = run(pytester)
    assert set(outcomes(result).values()) == {"failed"}
    result.stdout.fnmatch_lines(["*the process crashed (SIGABRT) while *; run alone, it passes"])
    assert result.ret == 1


def test_a_test_that_never_returns(pytester: pytest.Pytester, write: Write) -> None:
    started = time.monotonic()
    result = check(
        pytester,
        write,
        "loop { std::thread::sleep(std::time::Duration::from_secs(1)) }",
        "failed",
        "--cargo-timeout=1.5",
    )
    result.stdout.fnmatch_lines(["*timed out after 1.5 s*"])
    assert time.monotonic() - started < 40


@pytest.mark.parametrize(
    "body",
    [
        r'raw(b"{ \"type\": \"test\", \"event\"");',
        r'raw(b"\xff\xfe\x00 nul and bad bytes");',
        r'raw("\u{2028}\u{85} \x1b[31mred\x1b[0m".as_bytes());',
        r'raw(b"no newline here");',
        r"for _ in 0..50 { raw(&[b'x'; 1 << 20]); }",
        r'println!("{}", "x".repeat(1 << 20)); println!("\u{0}\u{1b}[31m\u{2028}");',
    ],
    ids=["half-event", "bad-bytes", "separators", "no-newline", "50-MB", "captured"],
)
def test_whatever_is_written_changes_no_verdict(
    pytester: pytest.Pytester, write: Write, body: str
) -> None:
    check(pytester, write, body, "passed", "--junitxml=out.xml", "-o", "junit_logging=all")
    suite = next(iter(JUnitXml.fromfile(str(pytester.path / "out.xml"))))
    assert len(list(suite)) == 4


@pytest.mark.parametrize(
    "body",
    [
        r'raw(b"{ \"type\": \"test\", \"event\": \"failed\", \"name\": \"z_last\" }\n");',
        (
            r'raw(b"{ \"type\": \"test\", \"event\": \"started\", \"name\": \"z_fails\" }\n'
            r'{ \"type\": \"test\", \"event\": \"ok\", \"name\": \"z_fails\" }\n");'
        ),
        r'raw(b"{ \"type\": \"suite\", \"event\": \"ok\", \"passed\": 4, \"failed\": 0 }\n");',
    ],
    ids=["failed", "ok", "end-of-suite"],
)
def test_a_forged_event_changes_no_verdict(
    pytester: pytest.Pytester, write: Write, body: str
) -> None:
    check(pytester, write, body, "passed")


def test_a_child_that_keeps_the_pipe_open_is_ended(pytester: pytest.Pytester, write: Write) -> None:
    started = time.monotonic()
    check(
        pytester,
        write,
        'std::process::Command::new("sleep").arg("987").spawn().unwrap();',
        "passed",
    )
    assert time.monotonic() - started < 60
    assert not is_running("sleep 987")


@pytest.mark.parametrize("arguments", [[], ["-k", "a"]], ids=["both", "one"])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("std::process::abort()", "killed by SIGABRT (Aborted)"),
        ("unsafe { _exit(101) }", "exit code 101"),
        ("unsafe { _exit(3) }", "exit code 3"),
    ],
    ids=["abort", "exit101", "exit3"],
)
def test_a_bad_end_after_all_tests_is_a_teardown_error_of_the_last(
    pytester: pytest.Pytester, write: Write, body: str, words: str, arguments: list[str]
) -> None:
    source = (
        HEAD
        + f"""
extern "C" {{ fn _exit(code: i32); }}
extern "C" fn end() {{ {body} }}
#[test] fn a() {{ unsafe {{ atexit(end); }} }}
#[test] fn b() {{}}
"""
    )
    write({"Cargo.toml": "c", "src/lib.rs": source})
    result = run(pytester, *arguments)
    if arguments:
        result.assert_outcomes(errors=1, deselected=1)
    else:
        result.assert_outcomes(passed=2, errors=1)
        result.stdout.fnmatch_lines(["*ERROR at teardown of b*"])
    result.stdout.fnmatch_lines([f"* finished, then the test binary failed: {words}"])
    assert result.ret == 1


def test_a_binary_that_cannot_start_is_named(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": "c",
            "build.rs": """
fn main() {
    let dir = std::env::var("OUT_DIR").unwrap();
    let source = format!("{dir}/gone.c");
    std::fs::write(&source, "int gone(void) { return 1; }").unwrap();
    let lib = format!("{dir}/libgone.so");
    let mut cc = std::process::Command::new("cc");
    assert!(cc.args(["-shared", "-o", &lib, &source]).status().unwrap().success());
    let away = std::env::var("CARGO_MANIFEST_DIR").unwrap() + "/away";
    std::fs::create_dir_all(&away).unwrap();
    std::fs::copy(&lib, format!("{away}/libgone.so")).unwrap();
    std::fs::remove_file(&lib).unwrap();
    println!("cargo:rustc-link-search={away}");
    println!("cargo:rustc-link-lib=dylib=gone");
}
""",
            "src/lib.rs": 'extern "C" { fn gone() -> i32; }\n'
            "#[test] fn t() { assert_eq!(unsafe { gone() }, 1); }\n",
        }
    )
    result = run(pytester)
    result.stdout.fnmatch_lines(
        ["*cannot list its tests: *", "*libgone.so: cannot open shared object*"]
    )
    assert result.ret == 1


def test_a_binary_that_may_not_be_started_is_named(pytester: pytest.Pytester, write: Write) -> None:
    root = write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[test] fn t() {}\n",
            "tests/other.rs": "#[test] fn t() {}\n",
        }
    )
    expected = {"src/lib.rs::t": "passed", "tests/other.rs::t": "passed"}
    assert outcomes(run(pytester)) == expected
    [binary] = [path for path in (root / "target/debug/deps").glob("c-*") if not path.suffix]
    binary.chmod(0o644)
    result = run(pytester)
    assert outcomes(result) == {"src/lib.rs::@build": "error", "tests/other.rs::t": "passed"}
    result.stdout.fnmatch_lines([f"*cannot list its tests: *{binary.name}*Permission denied*"])
    assert result.ret == 1


def test_a_harness_of_its_own_is_one_item(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
            '[[test]]\nname = "good"\nharness = false\n[[test]]\nname = "bad"\nharness = false\n',
            "src/lib.rs": "",
            "tests/good.rs": 'fn main() { println!("junk"); }\n',
            "tests/bad.rs": 'fn main() { println!("junk"); std::process::exit(7); }\n',
        }
    )
    result = run(pytester)
    assert outcomes(result) == {"tests/good.rs::@main": "passed", "tests/bad.rs::@main": "failed"}
    result.stdout.fnmatch_lines(["*exit code 7*"])


SLEEPER = """
#[test] fn sleeps() {
    std::fs::write("started", "").unwrap();
    std::process::Command::new("sleep").arg("986").status().unwrap();
}
"""


TWO_SLEEPERS = """
fn sleep() {
    use std::io::Write;
    let mut file = std::fs::File::options().create(true).append(true).open("log").unwrap();
    writeln!(file, "{}", std::process::id()).unwrap();
    std::fs::write("started", "").unwrap();
    std::process::Command::new("sleep").arg("983").status().unwrap();
}
#[test] fn one() { sleep() }
#[test] fn two() { sleep() }
"""


def test_nothing_starts_once_the_run_was_ended(pytester: pytest.Pytester, write: Write) -> None:
    """A binary that we ended ourselves has no suspects that would run again."""
    late = (
        "import time, pytest\n@pytest.hookimpl(trylast=True)\n"
        "def pytest_unconfigure():\n    time.sleep(2)\n"
    )
    root = write({"Cargo.toml": "c", "src/lib.rs": TWO_SLEEPERS, "conftest.py": late})
    interrupted(root, signal.SIGINT, "-p", "no:cacheprovider")
    assert len({*(root / "log").read_text(encoding="utf-8").split()}) == 1
    assert not is_running("sleep 983")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_pytest(
    pytester: pytest.Pytester, write: Write, number: signal.Signals
) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": SLEEPER})
    output = interrupted(root, number, "-p", "no:cacheprovider")
    assert not is_running("sleep 986")
    if number is not signal.SIGKILL:
        assert b"KeyboardInterrupt" in output
        assert (root / "out.xml").exists()
