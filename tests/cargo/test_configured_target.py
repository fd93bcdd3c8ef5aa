"""The target that cargo builds for where no option of ours names one: cargo's own order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.cargo.configuration import configured_target

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("file", "environ", "arguments", "found"),
    [
        ("", {}, [], None),
        ('[build]\ntarget = "a"', {}, [], "a"),
        ('[build]\ntarget = ["a"]', {}, [], "a"),
        ('[build]\ntarget = ["a", "b"]', {}, [], None),
        ('[build]\ntarget = "a"', {"CARGO_BUILD_TARGET": "b"}, [], "b"),
        ('[build]\ntarget = "a"', {"CARGO_BUILD_TARGET": "b"}, ["--config=build.target='c'"], "c"),
        ("", {"CARGO_BUILD_TARGET": "b"}, ["--target=d"], "d"),
        ("", {}, ["--locked", "--target", "d"], "d"),
    ],
)
def test_configured_target(
    tmp_path: Path, file: str, environ: dict[str, str], arguments: list[str], found: str | None
) -> None:
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo" / "config.toml").write_text(file, encoding="utf-8")
    environ = {"CARGO_HOME": str(tmp_path / "home"), **environ}
    assert configured_target(environ, str(tmp_path), arguments) == found
