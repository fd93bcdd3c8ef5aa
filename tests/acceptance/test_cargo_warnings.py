"""What cargo and build scripts warn of is in the summary, in their own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_cpython_sys.cargo.failures import cargo_warnings

from .conftest import PACKAGE, replace_once, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    Write = Callable[[Mapping[str, str]], Path]

PROFILES = "profiles for the non root package will be ignored"
LIBRARY = "#[test] fn t() {}\n"
WORKSPACE = {
    "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
    "a/Cargo.toml": PACKAGE.format("a") + "colour = 1\n[profile.dev]\nopt-level = 0\n",
    "a/build.rs": 'fn main() { println!("cargo:warning=from the script \\u{1b}[31mred"); }\n',
    "a/src/lib.rs": LIBRARY,
    "b/Cargo.toml": PACKAGE.format("b"),
    "b/src/lib.rs": LIBRARY + "fn unused() {}\n",
}


def section(result: pytest.RunResult) -> list[str]:
    """Return the lines below the title of the section."""
    lines = result.outlines
    starts = [number for number, line in enumerate(lines) if "= cargo warnings =" in line]
    if not starts:
        return []
    assert len(starts) == 1
    rest = lines[starts[0] + 1 :]
    return rest[: next(number for number, line in enumerate(rest) if line.startswith("==="))]


def test_each_is_shown_once_in_each_run(pytester: pytest.Pytester, write: Write) -> None:
    """Also where nothing is compiled; what rustc warns of has a section of its own."""
    root = write(WORKSPACE)
    for _ in range(2):
        result = run(pytester)
        result.assert_outcomes(passed=2)  # and no pytest warning
        assert sorted(section(result)) == sorted(
            [
                f"{root}/a/Cargo.toml: unused manifest key: package.colour",
                f"{PROFILES}, specify profiles at the workspace root:",
                f"package:   {root}/a/Cargo.toml",
                f"workspace: {root}/Cargo.toml",
                "a@0.1.0: from the script red",
            ]
        )


def test_two_programs_of_one_name(pytester: pytest.Pytester, write: Write) -> None:
    example = "fn main() {}\n"
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": "a",
            "a/src/lib.rs": LIBRARY,
            "a/examples/same.rs": example,
            "b/Cargo.toml": "b",
            "b/src/lib.rs": LIBRARY,
            "b/examples/same.rs": example,
        }
    )
    lines = section(run(pytester))
    assert any("output filename collision" in line for line in lines), lines
    assert not [line for line in lines if "Compiling" in line or "Running" in line]


def test_a_build_that_fails_has_them_too(pytester: pytest.Pytester, write: Write) -> None:
    root = write(WORKSPACE)
    replace_once(root / "b/src/lib.rs", "fn unused() {}", "fn unused() -> u8 {}")
    lines = section(run(pytester))
    assert "a@0.1.0: from the script red" in lines
    assert not [line for line in lines if "build failed" in line or "generated" in line]


def test_a_clean_build_says_nothing(pytester: pytest.Pytester, write: Write) -> None:
    write({"Cargo.toml": "c", "src/lib.rs": LIBRARY + "fn unused() {}\n"})
    result = run(pytester)
    assert section(result) == []
    result.stdout.fnmatch_lines(["*= rustc warnings =*"])


def test_many_are_counted(pytester: pytest.Pytester, write: Write) -> None:
    script = 'fn main() { for n in 0..20 { println!("cargo:warning=number {n}"); } }\n'
    write({"Cargo.toml": "c", "src/lib.rs": LIBRARY, "build.rs": script})
    lines = section(run(pytester))
    assert lines == [
        *[f"c@0.1.0: number {number}" for number in range(9)],
        "... and 11 more: `cargo test` shows all of them",
    ]


def test_where_a_text_ends() -> None:
    told = (
        "warning: output filename collision.\n"
        "The bin target `same` has the same output filename.\n"
        "Consider changing their names to be unique.\n"
        "   Compiling a v0.1.0 (/w/a)\n"
        "not a warning's\n"
        "warning: `b` (lib test) generated 1 warning (run `cargo fix` to apply 1 suggestion)\n"
        "warning: one\n"
        "  |\n"
        "  = note: more\n"
        "\n"
        "error: could not compile `b`\n"
        "words of the error\n"
        "warning: build failed, waiting for other jobs to finish...\n"
        "warning: one\n"
        "  |\n"
        "  = note: more\n"
        "  warning: of a compiler that a build script has called\n"
        "    Finished `test` profile\n"
    )
    assert cargo_warnings(told) == [
        told.partition("\n   Compiling")[0].removeprefix("warning: "),
        "one\n  |\n  = note: more",
        "one\n  |\n  = note: more\n  warning: of a compiler that a build script has called",
    ]
