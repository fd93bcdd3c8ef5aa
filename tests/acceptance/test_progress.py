"""Whoever waits sees what for: on a terminal, in a pipe, and where pytest captures output."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

import pytest

from .conftest import run
from .module_crate import module
from .terminal import Recording, record, seen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pexpect import spawn

    Write = Callable[[Mapping[str, str]], Path]

COLUMNS: Final = 80
BUILDING: Final = re.compile(r"(building \d+/\d+: .*\(build\)|waiting for cargo \w+)( \(\d+ s\))?")


@pytest.fixture(autouse=True)
def _columns(_clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))


def slow_build(seconds: float) -> dict[str, str]:
    milliseconds = int(seconds * 1000)
    return {
        "build.rs": 'fn main() { println!("cargo:rerun-if-changed=build.rs"); '
        f"std::thread::sleep(std::time::Duration::from_millis({milliseconds})); }}"
    }


def package(seconds: float) -> dict[str, str]:
    return {"Cargo.toml": "c", "src/lib.rs": "#[test] fn ok() {}\n", **slow_build(seconds)}


def in_a_pipe(*arguments: str, cwd: Path) -> Recording:
    recording = Recording()
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "--cpython-sys", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout is not None
        while piece := os.read(process.stdout.fileno(), 65536):
            recording.add(piece.decode())
    assert process.returncode == 0
    return recording


def test_in_a_build_of_a_minute_no_screen_is_blank_for_three_seconds(
    pytester: pytest.Pytester, write: Write
) -> None:
    """One run on a terminal, one in a pipe, at the same time."""
    for directory in ("on_terminal", "piped"):
        write({f"{directory}/{name}": text for name, text in package(60).items()})
    piped: list[Recording] = []

    def run_in_a_pipe() -> None:
        piped.append(in_a_pipe("-q", cwd=pytester.path / "piped"))

    thread = threading.Thread(target=run_in_a_pipe)
    thread.start()
    os.chdir(pytester.path / "on_terminal")
    terminal = record(pytester.spawn_pytest("--cpython-sys"))
    thread.join()

    assert terminal.pieces[-1][0] > 60
    assert terminal.longest_pause() < 3
    lines = seen(terminal.text, COLUMNS)
    assert not [line for line in lines if "building" in line or "running" in line]
    assert f"{' test session starts ':=^{COLUMNS}}" in lines
    assert any(re.fullmatch("=+ 1 passed in .* =+", line) for line in lines)

    (pipe,) = piped
    assert pipe.pieces[0][0] < 3
    lines = [line for line in pipe.text.splitlines() if BUILDING.fullmatch(line)]
    assert 2 <= len(lines) <= 4
    assert len(set(lines)) == len(lines)


def test_ctrl_c_in_a_build_leaves_a_clean_screen_and_says_what_was_built(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(package(60))
    child = pytester.spawn_pytest("--cpython-sys")
    lines = seen(record(child, "c(build) (3 s)", child.sendintr).text, COLUMNS)
    assert re.fullmatch(r"interrupted after [34] s: building \d/\d: c\(build\)", lines[0]), lines
    assert not [line for line in lines[1:] if "building" in line]
    assert place_of_the_interrupt(lines) == f"{pytester.path}/Cargo.toml:1"
    assert child.exitstatus == pytest.ExitCode.INTERRUPTED


def place_of_the_interrupt(lines: list[str]) -> str:
    """Return the place below pytest's own line, whichever way a long one was broken."""
    number = next(n for n, one in enumerate(lines) if re.fullmatch("!+ KeyboardInterrupt !+", one))
    place, _, error = "".join(lines[number + 1 :]).partition(": KeyboardInterrupt")
    assert error
    return place


def later(child: spawn[bytes]) -> Callable[[], None]:
    """Return what interrupts a program a second later, when it is where it then stays."""

    def interrupt() -> None:
        time.sleep(1)
        child.sendintr()

    return interrupt


@pytest.mark.pytest_side
@pytest.mark.parametrize("arguments", ["", "-s -v", "-ocpython_sys_fast=false"])
def test_ctrl_c_while_a_test_runs_names_the_test(
    pytester: pytest.Pytester, write: Write, arguments: str
) -> None:
    sleep = "std::thread::sleep(std::time::Duration::from_secs(60))"
    root = write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[test] fn a() {}\n#[test] fn b() "
            f'{{ std::fs::write("started", "").unwrap(); {sleep} }}\n',
        }
    )
    child = pytester.spawn_pytest(f"--cpython-sys {arguments}")
    text = record(child, "lib.rs::b" if "-v" in arguments else "lib.rs .", later(child)).text
    assert place_of_the_interrupt(seen(text, COLUMNS)) == f"{root}/src/lib.rs:2"
    assert child.exitstatus == pytest.ExitCode.INTERRUPTED


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("print('here')\n    time.sleep(60)", 5),
        ("print('here')\n    cargo.build_library(cargo.package('c'))", 5),
    ],
    ids=["of Python", "for a build"],
)
def test_ctrl_c_in_a_python_test_names_its_line(
    pytester: pytest.Pytester, write: Write, body: str, line: int
) -> None:
    root = write({"test_a.py": f"import time\n\ndef test_a(cargo):\n    {body}\n"})
    write({f"c/{name}": text for name, text in package(60).items()})
    child = pytester.spawn_pytest("--cpython-sys -s test_a.py")
    text = record(child, "here", later(child)).text
    assert place_of_the_interrupt(seen(text, COLUMNS)) == f"{root}/test_a.py:{line}"


def imported_by_a_conftest(seconds: float) -> dict[str, str]:
    return {
        **module(slots=(), metadata='[package.metadata.cpython-sys]\nmodule = "eggs"\n'),
        **slow_build(seconds),
        "conftest.py": "import eggs\n",
        "test_eggs.py": "import eggs\ndef test_eggs(): assert eggs.__name__ == 'eggs'\n",
    }


@pytest.mark.pytest_side
def test_while_a_conftest_file_waits_for_a_module(pytester: pytest.Pytester, write: Write) -> None:
    """pytest captures what is written meanwhile, and has no reporter yet."""
    write(imported_by_a_conftest(4))
    recording = record(pytester.spawn_pytest("--cpython-sys test_eggs.py"))
    assert BUILDING.search(recording.text)
    assert recording.longest_pause() < 3
    lines = seen(recording.text, COLUMNS)
    assert not [line for line in lines if "building" in line]
    assert any(re.fullmatch("=+ 1 passed in .* =+", line) for line in lines), lines


def test_while_a_conftest_file_waits_for_a_module_in_a_pipe(
    pytester: pytest.Pytester, write: Write
) -> None:
    root = write(imported_by_a_conftest(4))
    recording = in_a_pipe("test_eggs.py", cwd=root)
    shown = [moment for moment, piece in recording.pieces if BUILDING.search(piece)]
    assert shown
    assert shown[0] < 3
    assert "1 passed" in recording.text


def test_ctrl_c_while_a_conftest_file_waits_for_a_module(
    pytester: pytest.Pytester, write: Write
) -> None:
    write(imported_by_a_conftest(60))
    child = pytester.spawn_pytest("--cpython-sys test_eggs.py")
    lines = seen(record(child, "(build) (2 s)", child.sendintr).text, COLUMNS)
    assert re.fullmatch(r"interrupted after [23] s: building \d/\d: .*\(build\)", lines[0]), lines
    assert [line for line in lines[1:] if line] == []
    assert child.exitstatus == pytest.ExitCode.INTERRUPTED


def test_while_a_python_test_waits_for_a_build(pytester: pytest.Pytester, write: Write) -> None:
    write(
        {
            **module(slots=(), metadata="[features]\nmore = []\n"),
            **slow_build(4),
            "test_eggs.py": "def test_spam(): pass\n"
            "def test_eggs(rust_extension): rust_extension('eggs', features=['more'])\n",
        }
    )
    recording = record(pytester.spawn_pytest("test_eggs.py"))
    assert BUILDING.search(recording.text)
    assert recording.longest_pause() < 3
    lines = seen(recording.text, COLUMNS)
    at = lines.index("test_eggs.py .")
    assert lines[at + 1] == f"{'.':<{COLUMNS - 7}}[100%]"
    assert not [line for line in lines if "building" in line or "running" in line]


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "with output captured"])
def test_a_test_that_runs_for_ten_seconds_is_named(
    pytester: pytest.Pytester, write: Write, fast: bool
) -> None:
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": "#[test] fn quick() {}\n"
            "#[test] fn slow() { std::thread::sleep(std::time::Duration::from_secs(12)); }\n",
        }
    )
    result = run(pytester, "-o", f"cpython_sys_fast={str(fast).lower()}")
    result.assert_outcomes(passed=2)
    assert [line for line in result.outlines if line.startswith("still ")] == [
        "still running after 10 s: slow"
    ]


def test_the_controller_names_what_its_workers_wait_for(
    pytester: pytest.Pytester, write: Write
) -> None:
    sleep = "std::thread::sleep(std::time::Duration::from_secs(12))"
    write(
        {
            "Cargo.toml": "c",
            "src/lib.rs": f"#[test] fn quick() {{}}\n#[test] fn slow() {{ {sleep} }}\n",
        }
    )
    result = run(pytester, "-n2")
    result.assert_outcomes(passed=2)
    assert [line for line in result.outlines if line.startswith("still ")] == [
        "still waiting after 11 s: src/lib.rs::slow"
    ]


def test_a_program_that_tells_of_no_test_is_waited_for(
    pytester: pytest.Pytester, write: Write
) -> None:
    manifest = '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
    write(
        {
            "Cargo.toml": f'{manifest}[[test]]\nname = "own"\nharness = false\n',
            "tests/own.rs": "fn main() { if std::env::args().count() == 1 "
            "{ std::thread::sleep(std::time::Duration::from_secs(13)); } }\n",
        }
    )
    result = run(pytester)
    result.assert_outcomes(passed=1)
    (line,) = (line for line in result.outlines if line.startswith("still "))
    assert re.fullmatch(r"still waiting after 11 s: tests/own\.rs::.* \(own-\w+ is running\)", line)


def test_workers_and_programs_that_read_results_alone_are_left_alone(
    pytester: pytest.Pytester, write: Write
) -> None:
    root = write(package(2))
    recording = in_a_pipe("-qq", "--collect-only", cwd=root)
    assert "building" not in recording.text
    (root / "build.rs").write_text(slow_build(2.5)["build.rs"], encoding="utf-8")
    recording = in_a_pipe("-n2", cwd=root)
    assert len([line for line in recording.text.splitlines() if BUILDING.fullmatch(line)]) == 1
