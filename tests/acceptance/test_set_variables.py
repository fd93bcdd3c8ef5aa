"""Which variables that conftest files and fixtures set reach cargo and the tests it builds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE, outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

PLACES = ("PLUGIN", "TOP", "CONFIGURE", "BELOW", "COLLECTION", "FIXTURE", "DURING")
"""In the order in which pytest comes there."""
REACHING = {"PLUGIN", "TOP", "CONFIGURE"}

CONFTEST = """
import os
import pytest
os.environ["SET_TOP"] = "1"
def pytest_configure(config):
    os.environ["SET_CONFIGURE"] = "1"
def pytest_collection_modifyitems():
    os.environ["SET_COLLECTION"] = "1"
@pytest.fixture(scope="session", autouse=True)
def session():
    os.environ["SET_FIXTURE"] = "1"
"""
PLUGIN = """
import os
def pytest_load_initial_conftests():
    os.environ["SET_PLUGIN"] = "1"
"""
BUILD = """
fn main() {
    for name in ["PLUGIN", "TOP", "CONFIGURE", "BELOW", "COLLECTION", "FIXTURE", "DURING"] {
        println!("cargo:rerun-if-env-changed=SET_{name}");
        println!("cargo:rustc-env=BUILT_{name}={}", std::env::var(format!("SET_{name}")).is_ok());
    }
}
"""


def library() -> str:
    """Return a test a variable and a way to see it, which passes where it is seen."""
    return "".join(
        f'#[test] fn runs_{name.lower()}() {{ assert!(std::env::var("SET_{name}").is_ok()); }}\n'
        f'#[test] fn built_{name.lower()}() {{ assert_eq!(env!("BUILT_{name}"), "true"); }}\n'
        for name in PLACES
    )


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "workers"])
@pytest.mark.parametrize("switch", ["typed", "in the ini file"])
def test_what_is_set_before_the_session_starts_reaches_all(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    workers: list[str],
    switch: str,
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "build.rs": BUILD,
            "src/lib.rs": library(),
            "conftest.py": CONFTEST,
            "early_env.py": PLUGIN,
            "a/conftest.py": 'import os\nos.environ["SET_BELOW"] = "1"\n',
            "a/test_a.py": 'import os\ndef test_a(): os.environ["SET_DURING"] = "1"\n',
        }
    )
    arguments = ["-p", "early_env", *workers]
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    if switch == "typed":
        result = run(pytester, *arguments)
    else:
        write({"pytest.ini": "[pytest]\ncpython_sys = true\n"})
        result = pytester.runpytest("-rA", "-p", "no:cacheprovider", *arguments)
    found = {
        identifier.rpartition("::")[2]: outcome
        for identifier, outcome in outcomes(result).items()
        if ".rs" in identifier
    }
    expected = {
        f"{way}_{name.lower()}": "passed" if name in REACHING else "failed"
        for name in PLACES
        for way in ("runs", "built")
    }
    assert found == expected


@pytest.mark.parametrize("where", ["top", "configure"])
def test_cargo_itself_can_be_told(pytester: pytest.Pytester, write: Write, where: str) -> None:
    """Here, where it builds: what was asked before is asked again."""
    line = 'os.environ["CARGO_TARGET_DIR"] = "elsewhere"\n'
    conftest = {"top": line, "configure": f"def pytest_configure():\n    {line}"}[where]
    root = write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[test] fn ok() {}\n",
            "conftest.py": f"import os\n{conftest}",
        }
    )
    run(pytester).assert_outcomes(passed=1)
    assert (root / "elsewhere/debug").is_dir()
    assert not (root / "target").exists()


THREADS = """
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::{thread::sleep, time::Duration};
static RUNNING: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
fn run() {
    MOST.fetch_max(RUNNING.fetch_add(1, SeqCst) + 1, SeqCst);
    sleep(Duration::from_millis(300));
    RUNNING.fetch_sub(1, SeqCst);
}
#[test] fn a() { run() }
#[test] fn b() { run() }
#[test] fn c() { run() }
#[test] fn z_most() {
    sleep(Duration::from_millis(1000));
    std::fs::write("most", MOST.load(SeqCst).to_string()).unwrap();
}
"""


@pytest.mark.parametrize(
    ("threads", "arguments", "most"),
    [("1", [], 1), ("4", [], 3), ("4", ["-s"], 1), ("4", ["--cargo-isolate"], 0)],
    ids=["one", "four", "shown", "isolated"],
)
def test_how_many_tests_of_a_binary_run_side_by_side(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    threads: str,
    arguments: list[str],
    most: int,
) -> None:
    """As libtest has it: RUST_TEST_THREADS; with -s one, however many that says."""
    monkeypatch.setenv("RUST_TEST_THREADS", threads)
    root = write({"Cargo.toml": "c", "src/lib.rs": THREADS})
    run(pytester, *arguments).assert_outcomes(passed=4)
    assert int((root / "most").read_text(encoding="utf-8")) == most


def test_a_crate_without_a_pyproject_file(pytester: pytest.Pytester, write: Write) -> None:
    """pytest.ini stands beside the manifest, switches the plugin on, and is rootdir's mark."""
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[test] fn ok() {}\n#[test] #[ignore] fn slow() {}\n",
            "pytest.ini": "[pytest]\ncpython_sys = true\ncargo_run_ignored = all\n"
            "cargo_timeouts =\n    src/lib.rs::slow=5\n    *=60\n",
        }
    )
    result = pytester.runpytest("-rA")
    assert outcomes(result) == {"src/lib.rs::ok": "passed", "src/lib.rs::slow": "passed"}
    result.stdout.fnmatch_lines([f"rootdir: {pytester.path}", "configfile: pytest.ini"])


READS = """
#[test] fn sees_one() { assert_eq!(std::env::var("SPAM").as_deref(), Ok("1")); }
#[test] fn sees_two() { assert_eq!(std::env::var("SPAM").as_deref(), Ok("2")); }
"""


@pytest.mark.parametrize("way", ["included", "included by an included one", "typed"])
def test_what_another_configuration_file_sets_is_seen_anew(
    pytester: pytest.Pytester, write: Write, way: str
) -> None:
    """Cargo starts tests with ``[env]``, whichever file it is in."""
    write({"Cargo.toml": PACKAGE.format("c"), "src/lib.rs": READS})
    typed = ["--cargo-args=--config more.toml"] if way == "typed" else []
    if not typed:
        first = "between" if "by" in way else "more"
        write({".cargo/config.toml": f'include = ["../{first}.toml"]\n'})
        write({"between.toml": 'include = [{ path = "more.toml" }]\n'})
    for value, passes in (("1", "sees_one"), ("2", "sees_two")):
        write({"more.toml": f'[env]\nSPAM = "{value}"\n'})
        result = pytester.runpytest("--cpython-sys", "-v", *typed)
        result.assert_outcomes(passed=1, failed=1)
        result.stdout.fnmatch_lines([f"*::{passes} PASSED*"])


@pytest.mark.parametrize(
    ("way", "typed", "shell"),
    [
        ("forced", ["", ""], ["1", "2"]),
        ("typed", ["--config env.SPAM=\\'1\\'", "--config env.SPAM=\\'2\\'"], ["", ""]),
    ],
)
def test_what_wins_in_one_run_is_not_kept_for_the_next(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    typed: list[str],
    shell: list[str],
) -> None:
    write({"Cargo.toml": PACKAGE.format("c"), "src/lib.rs": READS})
    if way == "forced":
        write({".cargo/config.toml": '[env]\nSPAM = { value = "1", force = true }\n'})
    for arguments, value, passes in zip(typed, shell, ("1", "2"), strict=True):
        if value:
            monkeypatch.setenv("SPAM", value)
        expected = "sees_one" if way == "forced" or passes == "1" else "sees_two"
        result = pytester.runpytest("--cpython-sys", "-v", f"--cargo-args={arguments}")
        result.assert_outcomes(passed=1, failed=1)
        result.stdout.fnmatch_lines([f"*::{expected} PASSED*"])


def test_a_conftest_file_that_writes_a_test(pytester: pytest.Pytester, write: Write) -> None:
    """Cargo is asked before conftest files are read, and again once they have been."""
    write({"Cargo.toml": PACKAGE.format("c"), "src/lib.rs": "#[test] fn old() {}"})
    pytester.runpytest("--cpython-sys").assert_outcomes(passed=1)
    made = "import pathlib\ndef pytest_configure(config):\n    pathlib.Path('tests').mkdir()\n"
    write(
        {"conftest.py": made + "    pathlib.Path('tests/new.rs').write_text('#[test] fn new() {}')"}
    )
    pytester.runpytest("--cpython-sys").assert_outcomes(passed=2)
