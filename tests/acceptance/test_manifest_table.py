"""A key of the manifest's table that nobody reads is an error: most often it is misspelt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

PACKAGE = '[package]\nname = "{0}"\nversion = "0.1.0"\nedition = "2021"\n'


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cpython-sys.polices = []", "unknown key 'polices': did you mean 'policies'? It may have"),
        ("cpython-sys.zzz = 1", "unknown key 'zzz': it may have arguments, *"),
        ("cpython-sys = 3", "[[]package.metadata.cpython-sys[]] is no table"),
    ],
)
def test_whatever_the_package_is(
    pytester: pytest.Pytester, write: Write, line: str, words: str
) -> None:
    write(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": f"{PACKAGE.format('a')}[package.metadata]\n{line}\n",
            "a/src/main.rs": "fn main() {}\n#[test] fn ok() {}\n",
            "b/Cargo.toml": "b",
            "b/src/lib.rs": "#[test] fn ok() {}\n",
        }
    )
    result = run(pytester)
    assert outcomes(result) == {
        "a/src/main.rs::ok": "passed",
        "b/src/lib.rs::ok": "passed",
        "a/Cargo.toml::@metadata": "error",
    }
    result.stdout.fnmatch_lines([f"a/Cargo.toml:1: *{words.removeprefix('[[]')}*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    again = run(pytester, "a/Cargo.toml::@metadata")
    assert outcomes(again) == {"a/Cargo.toml::@metadata": "error"}
    assert outcomes(run(pytester, "--cargo-package=b")) == {"b/src/lib.rs::ok": "passed"}
