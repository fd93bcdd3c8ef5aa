"""Build time a crate, in the summary of a run with `--durations`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .conftest import replace_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    Write = Callable[[Mapping[str, str]], Path]

FILES = {
    "Cargo.toml": '[workspace]\nmembers = ["one", "two"]\nresolver = "2"\n',
    "one/Cargo.toml": "one",
    "one/src/lib.rs": "#[test] fn t() {}\n",
    "two/Cargo.toml": '[package]\nname = "two"\nversion = "0.1.0"\nedition = "2021"\n'
    '[dependencies]\none = { path = "../one" }\n',
    "two/build.rs": "fn main() {\n"
    "    std::thread::sleep(std::time::Duration::from_millis(700));\n"
    '    println!("cargo::rerun-if-changed=build.rs");\n}\n',
    "two/src/lib.rs": "pub use one;\n#[test] fn t() {}\n",
}


def test_build_times(pytester: pytest.Pytester, write: Write) -> None:
    root = write(FILES)
    result = pytester.runpytest("--cpython-sys", "--durations=0")
    lines = result.outlines
    start = next(number for number, line in enumerate(lines) if "crates by build time" in line)
    first, second = sorted(lines[start + 1 : start + 3], key=lambda line: "one" in line)
    assert re.match(r"\d+\.\d\ds two 0\.1\.0 \(", first)
    ran = re.search(r"build script run (\d\.\d\d)s", first)
    assert ran is not None
    assert 0.7 <= float(ran[1]) <= 5
    assert re.search(r"[(,] ?lib \d\.\d\ds", first)
    assert "lib test " in first
    assert re.match(r"\d+\.\d\ds one 0\.1\.0 \(", second)

    result = pytester.runpytest("--cpython-sys", "--durations=3")
    result.stdout.fnmatch_lines(["*= slowest 3 crates to build =*", "(2 crates fresh)"])
    replace_once(root / "two" / "src" / "lib.rs", "fn t()", "fn u()")
    result = pytester.runpytest("--cpython-sys", "--durations=1")
    result.stdout.fnmatch_lines(
        ["*= slowest 1 crates to build =*", "*s two 0.1.0 (lib*", "(1 crate fresh)"]
    )
    result = pytester.runpytest("--cpython-sys")
    result.stdout.no_fnmatch_line("*crates*")
