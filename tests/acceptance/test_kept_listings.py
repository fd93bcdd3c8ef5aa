"""A list of tests is asked for again when its binary has changed; other harnesses' in each run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import PACKAGE, outcomes, replace_once, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Write = Callable[[Mapping[str, str]], Path]

pytestmark = pytest.mark.acceptance

# Notes each program that pytest starts, from before conftest files are read until the tests run.
STARTED = """
import json, os, sys

def note(event, values):
    if event == "subprocess.Popen":
        with open(os.environ["STARTED"], "a") as file:
            print(json.dumps([str(word) for word in values[1]]), file=file)

sys.addaudithook(note)
"""
CRATE = {
    "Cargo.toml": "c",
    "src/lib.rs": """
#[cfg(test)] mod other;
#[test] fn one() {}
#[test] #[ignore = "not \\"today\\"\\nor tomorrow"] fn two() {}
#[test] #[ignore] fn three() {}
""",
    "src/other.rs": """
macro_rules! t { ($($n:ident)*) => { $(#[test] fn $n() {})* } }
t! { four five }
""",
    "tests/it.rs": '#[test] fn six() {}\n#[test] fn seven() { panic!("no") }\n',
}
# Lists what lies in a folder, in libtest's own words.
BY_FOLDER = """
fn lists() {
    if !std::env::args().any(|word| word == "--list") { return; }
    let mut count = 0;
    for entry in std::fs::read_dir("cases").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        println!("{{\\"type\\":\\"test\\",\\"event\\":\\"discovered\\",\\"name\\":\\"{name}\\"}}");
        count += 1;
    }
    println!("{{\\"type\\":\\"suite\\",\\"event\\":\\"completed\\",\\"total\\":{count}}}");
}
"""


@pytest.fixture
def started(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[list[str]]]:
    """Return what gives the programs that were started since it was last asked.

    The shell is left out that ends what is left should pytest be killed.
    """
    log = pytester.path / "started.log"
    log.touch()
    pytester.makepyfile(started=STARTED)
    monkeypatch.setenv("STARTED", str(log))
    monkeypatch.setenv("PYTEST_ADDOPTS", f"{os.environ['PYTEST_ADDOPTS']} -p started")

    def programs() -> list[list[str]]:
        lines = log.read_text(encoding="utf-8").splitlines()
        log.write_text("", encoding="utf-8")
        return [words for words in map(json.loads, lines) if words[:2] != ["/bin/sh", "-c"]]

    return programs


def lists(programs: list[list[str]]) -> int:
    return sum("--list" in words for words in programs)


def binaries(root: Path, name: str) -> list[Path]:
    return [path for path in (root / "target/debug/deps").glob(f"{name}-*") if not path.suffix]


def told(result: pytest.RunResult) -> list[str]:
    """Return what a run has told of its tests."""
    words = ("PASSED", "FAILED", "SKIPPED", "ERROR")
    return [line for line in result.outlines if line.startswith(words)]


def test_a_run_in_which_nothing_changed_starts_one_cargo_and_its_tests(
    pytester: pytest.Pytester, write: Write, started: Callable[[], list[list[str]]]
) -> None:
    write(CRATE)
    first = run(pytester)
    assert lists(started()) == 2
    second = run(pytester)
    names = [(Path(program).name.partition("-")[0], word) for program, word, *_ in started()]
    assert names == [("cargo", "test"), ("c", "--format"), ("it", "--format")]
    assert told(second) == told(first)
    assert outcomes(first)["src/other.rs::other::four"] == "passed"


def test_collecting_again_starts_one_cargo(
    pytester: pytest.Pytester, write: Write, started: Callable[[], list[list[str]]]
) -> None:
    write(CRATE)
    run(pytester, "--collect-only", "-q")
    started()
    result = run(pytester, "--collect-only", "-q")
    [[_, *words]] = started()
    assert words[:3] == ["test", "--workspace", "--no-run"]
    assert "src/lib.rs::one" in result.outlines


def test_nothing_follows_from_the_order_in_which_cargo_names_build_scripts(
    pytester: pytest.Pytester, write: Write, started: Callable[[], list[list[str]]]
) -> None:
    """It varies from run to run."""
    members = [f"m{number}" for number in range(6)]
    write({"Cargo.toml": f"[workspace]\nmembers = {members}\nresolver = '2'\n"})
    for name in members:
        write({f"{name}/Cargo.toml": PACKAGE.format(name), f"{name}/build.rs": "fn main() {}"})
        write({f"{name}/src/lib.rs": "#[test] fn passes() {}"})
    run(pytester)
    started()
    for _ in range(4):
        run(pytester).assert_outcomes(passed=6)
        assert sum(Path(program).name == "cargo" for program, *_ in started()) == 1


@pytest.mark.parametrize("way", ["option", "ini", "variable", "configuration"])
def test_answers_are_found_wherever_cargo_builds(
    pytester: pytest.Pytester,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    started: Callable[[], list[list[str]]],
    way: str,
) -> None:
    place = pytester.path / "elsewhere" / "target"
    files = {
        "ini": {"pytest.ini": f"[pytest]\ncargo_target_dir = {place}\n"},
        "configuration": {".cargo/config.toml": '[build]\ntarget-dir = "elsewhere/target"\n'},
    }
    write({**CRATE, **files.get(way, {})})
    if way == "variable":
        monkeypatch.setenv("CARGO_TARGET_DIR", str(place))
    options = [f"--cargo-target-dir={place}"] if way == "option" else []
    run(pytester, "--collect-only", *options)
    started()
    run(pytester, "--collect-only", *options)
    assert [words[1] for words in started()] == ["test"]
    assert not (pytester.path / "target").exists()


def test_answers_are_kept_for_the_environment_before_and_after_a_conftest_file(
    pytester: pytest.Pytester, write: Write, started: Callable[[], list[list[str]]]
) -> None:
    write({**CRATE, "conftest.py": "import os\nos.environ['CARGO_NET_OFFLINE'] = 'true'\n"})
    run(pytester, "--collect-only")
    started()
    run(pytester, "--collect-only")
    assert [words[1] for words in started()] == ["test"]


def test_a_changed_test_is_listed(
    pytester: pytest.Pytester, write: Write, started: Callable[[], list[list[str]]]
) -> None:
    root = write(CRATE)
    run(pytester)
    started()
    replace_once(root / "tests/it.rs", "six", "xis")
    assert outcomes(run(pytester))["tests/it.rs::xis"] == "passed"
    assert lists(started()) == 1  # of the library there is nothing new


def test_a_binary_of_the_same_size_and_time_is_another(
    pytester: pytest.Pytester, write: Write, started: Callable[[], list[list[str]]]
) -> None:
    root = write(CRATE)
    run(pytester)
    [binary] = binaries(root, "it")
    shutil.copy(binary, root / "old")
    text = CRATE["tests/it.rs"].replace("six", "xis")
    write({"tests/it.rs": text})
    run(pytester)
    run(pytester)  # a binary that was built just now may be built again before the clock ticks
    started()
    run(pytester)
    assert lists(started()) == 0
    before = binary.stat()
    assert before.st_size == (root / "old").stat().st_size
    binary.write_bytes((root / "old").read_bytes())
    os.utime(binary, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert outcomes(run(pytester))["tests/it.rs::six"] == "passed"
    assert lists(started()) == 1


@pytest.mark.parametrize("kind", ["harness = false", "custom_test_frameworks"])
def test_a_harness_that_lists_a_folder_is_always_asked(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    if kind == "harness = false":
        table = f'[[test]]\nname = "own"\n{kind}\n'
        text = f"fn main() {{ lists(); }}\n{BY_FOLDER}"
    else:
        monkeypatch.setenv("RUSTC_BOOTSTRAP", "1")
        table = ""
        text = f"#![feature({kind})]\n#![test_runner(crate::run)]\n"
        text += f"fn run(_: &[&()]) {{ lists(); }}\n{BY_FOLDER}"
    root = write({"Cargo.toml": PACKAGE.format("c") + table, "tests/own.rs": text, "cases/a": ""})
    for names in ({"a"}, {"a", "b"}, {"b"}):
        for name in ("a", "b"):
            (root / "cases" / name).unlink(missing_ok=True)
        for name in names:
            (root / "cases" / name).touch()
        result = run(pytester, "--collect-only", "-q")
        found = {line for line in result.outlines if line.startswith("tests/own.rs::")}
        assert found == {f"tests/own.rs::{name}" for name in names}


def test_a_runner_is_always_asked(
    pytester: pytest.Pytester, write: Write, started: Callable[[], list[list[str]]]
) -> None:
    runner = '#!/bin/sh\nexec "$@"\n'
    configuration = "[target.'cfg(all())']\nrunner = './run'\n"
    root = write({**CRATE, ".cargo/config.toml": configuration, "run": runner})
    (root / "run").chmod(0o755)
    for _ in range(2):
        run(pytester)
        assert lists(started()) == 2


@pytest.mark.parametrize("damage", ["cut", "another name", "empty", "a folder", "bytes", "no list"])
def test_a_damaged_list_is_asked_for_again(
    pytester: pytest.Pytester, write: Write, started: Callable[[], list[list[str]]], damage: str
) -> None:
    root = write(CRATE)
    first = run(pytester)
    kept = list((root / "target/cpython-sys-cache/listings").iterdir())
    assert len(kept) == 2
    for path in kept:
        text = path.read_text(encoding="utf-8")
        if damage == "a folder":
            path.unlink()
            path.mkdir()
            continue
        changed = {
            "cut": text[:-9],
            "another name": text.replace("one", "eno").replace("six", "xis"),
            "empty": "",
            "bytes": "\0\udcff",
            "no list": "null",
        }
        path.write_text(changed[damage], encoding="utf-8", errors="surrogateescape")
    started()
    assert told(run(pytester)) == told(first)
    assert lists(started()) == 2


def test_a_library_that_has_gone_is_named_where_the_list_is_kept(
    pytester: pytest.Pytester, write: Write, started: Callable[[], list[list[str]]]
) -> None:
    root = write(
        {
            "Cargo.toml": "c",
            "build.rs": """
fn main() {
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let mut cc = std::process::Command::new("cc");
    cc.args(["-shared", "-o", "libgone.so", "gone.c"]);
    assert!(cc.status().unwrap().success());
    println!("cargo:rerun-if-changed=gone.c");
    println!("cargo:rustc-link-search={here}");
    println!("cargo:rustc-link-lib=dylib=gone");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{here}");
}
""",
            "gone.c": "int gone(void) { return 1; }",
            "src/lib.rs": 'extern "C" { fn gone() -> i32; }\n'
            "#[test] fn t() { assert_eq!(unsafe { gone() }, 1); }\n",
        }
    )
    for expected in ({"src/lib.rs::t": "passed"}, {"src/lib.rs::t": "error"}):
        result = run(pytester)
        assert outcomes(result) == expected
        (root / "libgone.so").unlink(missing_ok=True)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*libgone.so: cannot open shared object*"])
