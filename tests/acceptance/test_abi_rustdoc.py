"""A rustdoc that is newer than what is known here, one that cannot be read, and an old rustc."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from .conftest import outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    Write = Callable[[Mapping[str, str]], Path]

FILES = {
    "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["one", "two"]\n',
    **{
        f"{name}/{file}": text
        for name in ("one", "two")
        for file, text in {
            "Cargo.toml": name,
            "wrapper.h": "#define LIMIT 3\n",
            "src/lib.rs": "pub const LIMIT: std::ffi::c_int = 3;\n",
        }.items()
    },
}
ITEMS = {f"{name}/src/lib.rs::@abi::const::LIMIT": "passed" for name in ("one", "two")}


def wrapper(root: Path, tool: str, lines: str) -> str:
    """Write a program that does something else than a tool of the toolchain; return its path."""
    real = shutil.which(tool)
    assert real is not None
    path = root / f"my-{tool}"
    path.write_text(f'#!/bin/sh\nreal="{real}"\n{lines}', encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def other_rustdoc(root: Path, sed: str) -> str:
    """Return a rustdoc of which what it writes is changed."""
    lines = (
        '"$real" "$@" || exit\n'
        'while [ $# -gt 1 ]; do [ "$1" = -o ] && sed -i \'' + sed + '\' "$2"/*.json; shift; done\n'
    )
    return wrapper(root, "rustdoc", lines)


def test_a_newer_format_is_warned_of_once(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(FILES)
    newer = other_rustdoc(root, 's/"format_version":[0-9]*/"format_version":9999/')
    monkeypatch.setenv("RUSTDOC", newer)
    for _ in range(2):  # the second time nothing is asked again
        result = run(pytester)
        assert outcomes(result) == ITEMS
        assert result.parseoutcomes() == {"passed": 2, "warnings": 1}
        words = "rustdoc writes JSON format 9999, but this pytest-cpython-sys knows formats up to "
        assert result.stdout.str().count(words) == 1
    monkeypatch.delenv("RUSTDOC")
    (root / "one" / "src" / "lib.rs").write_text("pub const LIMIT: std::ffi::c_int = 4;\n")
    (root / "two" / "src" / "lib.rs").write_text("pub const LIMIT: std::ffi::c_long = 3;\n")
    assert "warnings" not in run(pytester).parseoutcomes()


def test_what_cannot_be_read_is_no_answer(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(FILES)
    manifest = "[package.metadata.cpython-sys]\nheader = 'wrapper.h'\n"
    with (root / "one" / "Cargo.toml").open("a", encoding="utf-8") as file:
        file.write(manifest)
    monkeypatch.setenv(
        "RUSTDOC",
        other_rustdoc(root, 's/"index":/"x":/; s/"format_version":[0-9]*/"format_version":99/'),
    )
    result = run(pytester)
    assert outcomes(result) == {"one/src/lib.rs::@abi::header": "error"}
    result.stdout.fnmatch_lines(
        ["*rustdoc's JSON, format 99, cannot be read (KeyError('index') in *). * use another Rust*"]
    )
    assert result.parseoutcomes() == {"errors": 1, "skipped": 1}


def test_a_rustc_that_cannot_say_where_fields_are(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write({name: text for name, text in FILES.items() if not name.startswith("two")})
    (root / "Cargo.toml").write_text('[workspace]\nresolver = "2"\nmembers = ["one"]\n')
    lines = (
        'if [ "$*" = -vV ]; then "$real" -vV | sed "s/^release: .*/release: 1.76.0/"\n'
        'else exec "$real" "$@"; fi\n'
    )
    monkeypatch.setenv("RUSTC", wrapper(root, "rustc", lines))
    result = run(pytester, "-rs")
    assert outcomes(result) == {}
    result.stdout.fnmatch_lines(
        ["SKIPPED * rustc 1.76.0 lacks offset_of!, *: use rustc 1.77 or newer*"]
    )
