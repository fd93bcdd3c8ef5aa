"""Where events, totals, listing and exit code of a process disagree, something fails."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from .bridge import MODULE, outcomes_of, run_unittest
from .conftest import outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

HEAD = r"""
#![allow(dead_code)]
extern "C" {
    fn write(fd: i32, data: *const u8, size: usize) -> isize;
    fn close(fd: i32) -> i32;
    fn printf(text: *const u8, ...) -> i32;
    fn fflush(file: *mut u8) -> i32;
    fn _exit(code: i32) -> !;
}
fn to(fd: i32, text: &str) { unsafe { write(fd, text.as_ptr(), text.len()); } }
fn started(name: &str) -> String {
    format!("{{ \"type\": \"test\", \"event\": \"started\", \"name\": \"{name}\" }}\n")
}
fn event(name: &str, kind: &str) -> String {
    format!("{{ \"type\": \"test\", \"name\": \"{name}\", \"event\": \"{kind}\" }}\n")
}
fn suite(passed: u32) -> String {
    format!("{{ \"type\": \"suite\", \"event\": \"ok\", \"passed\": {passed}, \"failed\": 0, \
             \"ignored\": 0, \"measured\": 0, \"filtered_out\": 0, \"exec_time\": 0.1 }}\n")
}
fn nap(milliseconds: u64) {
    std::thread::sleep(std::time::Duration::from_millis(milliseconds));
}
"""
NEIGHBOURS = "#[test] fn a_first() { nap(20) }\n#[test] fn z_last() {}\n"
HONEST = {"src/lib.rs::a_first": "passed", "src/lib.rs::z_last": "passed"}
WAYS = {
    "batch": [],
    "shown": ["-s"],
    "isolated": ["--cargo-isolate"],
    "alone": ["-k", "culprit"],
    "n2": ["-n2"],
}
LOG = 'for fd in 3..=20 { to(fd, "ok m_culprit <0.001s>\\n"); } '


def write_culprit(write: Write, body: str, more: str = "") -> Path:
    source = HEAD + more + f"#[test] fn m_culprit() {{ {body} }}\n" + NEIGHBOURS
    return write({"Cargo.toml": "c", "src/lib.rs": source})


def cargo_is_green(root: Path) -> bool:
    command = ["cargo", "test", "--quiet", "--no-fail-fast"]
    return subprocess.run(command, cwd=root, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "body",
    [
        LOG + 'to(1, &event("m_culprit", "ok")); panic!("honestly")',
        'to(1, &event("m_culprit", "ok")); to(1, &suite(3)); panic!("honestly")',
        'to(1, &event("m_culprit", "ok")); to(1, &suite(3)); unsafe { close(1); } panic!()',
        'to(1, &event("m_culprit", "ok")); to(1, &suite(3)); std::process::abort()',
        'to(1, &event("m_culprit", "ok")); std::process::exit(101)',
        'to(1, &event("m_culprit", "ignored")); panic!("honestly")',
    ],
    ids=["log", "suite", "closed", "aborts", "exits", "ignored"],
)
def test_a_test_that_forges_its_own_end_fails(
    pytester: pytest.Pytester, write: Write, body: str, way: str
) -> None:
    write_culprit(write, body)
    result = run(pytester, *WAYS[way])
    found = outcomes(result)
    assert found.pop("src/lib.rs::m_culprit") in ("failed", "error")
    assert found == ({} if way == "alone" else HONEST)
    assert result.ret == 1


@pytest.mark.parametrize(
    "body",
    [
        'to(1, &event("m_culprit", "ok")); to(1, &started("z_last")); nap(700); panic!()',
        'to(1, &event("m_culprit", "ok")); nap(900); panic!("honestly")',
        'to(1, &(event("m_culprit", "ok") + &suite(3))); unsafe { _exit(101) }',
        (
            'for name in ["a_first", "m_culprit", "z_last"] { to(1, &event(name, "ok")); } '
            "to(1, &suite(3)); unsafe { _exit(101) }"
        ),
    ],
    ids=["start", "patience", "exits", "all"],
)
def test_no_forgery_makes_a_run_green(pytester: pytest.Pytester, write: Write, body: str) -> None:
    root = write_culprit(write, body)
    assert run(pytester).ret == 1
    assert run(pytester, "-k", "culprit").ret == 1
    assert not cargo_is_green(root)


@pytest.mark.parametrize(
    "body",
    [
        'to(1, &event("m_culprit", "failed"));',
        'to(1, &event("z_last", "failed")); nap(50);',
        'to(1, &event("no_such_test", "failed"));',
        'to(1, &started("m_culprit"));',
        "to(1, &suite(99));",
    ],
)
def test_a_forgery_fails_nobody(pytester: pytest.Pytester, write: Write, body: str) -> None:
    root = write_culprit(write, body)
    result = run(pytester)
    assert outcomes(result) == {**HONEST, "src/lib.rs::m_culprit": "passed"}
    assert result.ret == 0
    assert cargo_is_green(root)


def test_a_test_that_starts_its_own_binary_again(pytester: pytest.Pytester, write: Write) -> None:
    """With the arguments that it was given itself: each event is in the stream twice."""
    body = """
    if std::env::var_os("AGAIN").is_none() {
        let again = std::process::Command::new(std::env::current_exe().unwrap())
            .args(std::env::args().skip(1)).env("AGAIN", "1").status().unwrap();
        assert!(again.success());
    }
    """
    write_culprit(write, body)
    for _ in range(3):
        assert outcomes(run(pytester)) == {**HONEST, "src/lib.rs::m_culprit": "passed"}
    assert run(pytester, "-k", "culprit").ret == 0


def test_a_test_that_limits_file_sizes(pytester: pytest.Pytester, write: Write) -> None:
    """Nothing is written to a file while nothing contradicts."""
    limits = 'extern "C" { fn setrlimit(what: i32, limit: *const [u64; 2]) -> i32; }\n'
    write_culprit(write, "unsafe { assert_eq!(setrlimit(1, &[0, 0]), 0) }", limits)
    assert outcomes(run(pytester)) == {**HONEST, "src/lib.rs::m_culprit": "passed"}


@pytest.mark.parametrize("way", [way for way in WAYS if way != "shown"])
def test_what_is_not_captured_is_in_the_output_of_a_test_that_ran_alone(
    pytester: pytest.Pytester, write: Write, way: str
) -> None:
    body = r"""
    println!("from Rust");
    unsafe { printf(b"from C\n\0".as_ptr()); fflush(std::ptr::null_mut()); }
    to(1, "no newline"); to(2, "raw error\n");
    std::process::Command::new("echo").arg("from a child").status().unwrap();
    panic!("honestly")
    """
    write_culprit(write, body)
    result = run(pytester, *WAYS[way])
    text = result.stdout.str()
    assert '"type": "test"' not in text
    assert '"type": "suite"' not in text
    item, _, rest = text.partition("Captured stdout call")[2].partition("==== ")
    said = ("from C", "no newline", "raw error", "from a child")
    assert "from Rust" in item
    if way in ("isolated", "alone"):
        assert all(words in item for words in said)
        assert "output of test binaries" not in text
    elif way == "batch":
        assert not any(words in item for words in said)
        assert "output of test binaries" in rest
        assert "output of the test binary of c (lib) that libtest assigned to no test:" in rest
        assert all(words in rest for words in said)
    else:
        assert all(words in text for words in said)


def test_output_in_the_bridge_to_unittest(write: Write) -> None:
    root = write_culprit(write, 'to(1, "from C\\n"); panic!("honestly")')
    done = run_unittest(write({"test_rust.py": MODULE}))
    assert outcomes_of(done.stdout)["src/lib.rs::m_culprit"] == "fail"
    assert (
        "output of the test binary of c (lib) that libtest assigned to no test:\nfrom C"
        in done.stdout
    )
    assert "event" not in done.stdout
    assert root.is_dir()


def test_a_binary_that_does_not_end(pytester: pytest.Pytester, write: Write) -> None:
    more = 'extern "C" { fn atexit(f: extern "C" fn()) -> i32; }\n'
    more += 'extern "C" fn hang() { nap(1_000_000) }\n'
    write_culprit(write, "unsafe { atexit(hang); }", more)
    result = run(pytester, "--cargo-timeout=2")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*all tests finished, but the test binary did not exit*"])


def test_a_test_that_forges_its_end_and_hangs(pytester: pytest.Pytester, write: Write) -> None:
    write_culprit(write, 'to(1, &event("m_culprit", "ok")); nap(1_000_000)')
    result = run(pytester, "--cargo-timeout=2")
    assert result.ret == 1
    assert outcomes(run(pytester, "--cargo-timeout=2", "-k", "culprit")) == {
        "src/lib.rs::m_culprit": "failed"
    }


def test_beside_a_failed_test_a_bad_end_blames_no_other(
    pytester: pytest.Pytester, write: Write
) -> None:
    source = (
        'extern "C" { fn atexit(function: extern "C" fn()) -> i32; }\n'
        'extern "C" fn late() { std::process::abort() }\n'
        "#[test] fn fails() { unsafe { atexit(late); } panic!() }\n"
        "#[test] fn passes() {}\n"
    )
    write({"Cargo.toml": "c", "src/lib.rs": source})
    result = run(pytester)
    assert outcomes(result) == {"src/lib.rs::fails": "failed", "src/lib.rs::passes": "passed"}
    result = run(pytester, "-rA")
    result.stdout.fnmatch_lines(["*the test binary failed: killed by SIGABRT*"])


ENDS_BADLY = """
extern "C" { fn atexit(function: extern "C" fn()) -> i32; fn _exit(code: i32) -> !; }
extern "C" fn late() { if !std::env::args().any(|word| word == "--list") { unsafe { _exit(7) } } }
extern "C" fn early() { unsafe { atexit(late); } }
#[used] #[cfg_attr(target_os = "linux", link_section = ".init_array")]
#[cfg_attr(target_os = "macos", link_section = "__DATA,__mod_init_func")]
static FIRST: extern "C" fn() = early;
"""


@pytest.mark.parametrize("more", [[], ["-n2"]], ids=["alone", "n2"])
@pytest.mark.parametrize(
    ("files", "expected", "words"),
    [
        (
            {"src/lib.rs": f"#[cfg(test)] mod t {{ {ENDS_BADLY}#[test] #[ignore] fn i() {{}} }}"},
            {"src/lib.rs::t::i": "error"},
            "*failed: exit code 7*",
        ),
        (
            {"src/lib.rs": "", "tests/e.rs": ENDS_BADLY},
            {"tests/e.rs::@empty": "failed"},
            "*exit code 7*",
        ),
        (
            {"src/lib.rs": f"#[cfg(test)] mod t {{ {ENDS_BADLY} }}\n"},
            {},
            "failed, although it has no tests: c of c: exit code 7",
        ),
    ],
    ids=["ignored", "empty", "untested"],
)
def test_a_program_that_runs_no_test_may_end_badly(
    pytester: pytest.Pytester,
    write: Write,
    files: Mapping[str, str],
    expected: Mapping[str, str],
    words: str,
    more: list[str],
) -> None:
    root = write({"Cargo.toml": "c", "tests/ok.rs": "#[test] fn runs() {}\n", **files})
    result = run(pytester, *more)
    assert outcomes(result) == {**expected, "tests/ok.rs::runs": "passed"}
    result.stdout.fnmatch_lines([words])
    assert result.ret == 1
    assert not cargo_is_green(root)
