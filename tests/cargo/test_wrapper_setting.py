"""Which program the user has put in front of rustc."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.cargo import configured_wrapper

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, "bin/cache"),
        ({"CARGO_BUILD_RUSTC_WRAPPER": "other"}, "other"),
        ({"CARGO_BUILD_RUSTC_WRAPPER": "other", "RUSTC_WRAPPER": "mine"}, "mine"),
        ({"RUSTC_WRAPPER": ""}, ""),  # cargo's way to say: none
    ],
)
def test_the_environment_wins(tmp_path: Path, environ: dict[str, str], wanted: str) -> None:
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo/config.toml").write_text(
        '[build]\nrustc-wrapper = "bin/cache"\n', encoding="utf-8"
    )
    found = configured_wrapper({"CARGO_HOME": str(tmp_path / "home"), **environ}, str(tmp_path))
    assert found == (str(tmp_path / wanted) if wanted == "bin/cache" else wanted)


def test_nearer_files_come_first(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    for directory, wrapper in ((tmp_path, "far"), (inner, "near")):
        (directory / ".cargo").mkdir(parents=True)
        (directory / ".cargo/config.toml").write_text(
            f'build.rustc-wrapper = "{wrapper}"\n', encoding="utf-8"
        )
    environ = {"CARGO_HOME": str(tmp_path / "home")}
    assert configured_wrapper(environ, str(inner)) == "near"
