"""A warning's place is one of the project's, and no line of this plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import warnings
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

LEAKING = """
#[test] fn ok() {}
#[test] fn leaks() { std::process::Command::new("sleep").arg("60").spawn().unwrap(); }
"""


class Recorder:
    """Keeps the places of warnings."""

    def __init__(self) -> None:
        self.places: list[tuple[str, int, str]] = []

    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, nodeid: str
    ) -> None:
        self.places.append((warning_message.filename, warning_message.lineno, nodeid))


@pytest.mark.parametrize("ini", ["", "pytest.ini"])
def test_it_is_that_of_the_item_else_the_ini_file(
    pytester: pytest.Pytester, write: Write, ini: str
) -> None:
    root = write({"Cargo.toml": "c", "src/lib.rs": LEAKING, "empty/README": ""})
    if ini:
        write({ini: "[pytest]\n"})
    recorder = Recorder()
    arguments = ("--cpython-sys", "--cargo-isolate", "-p", "no:cacheprovider")
    pytester.inline_run(*arguments, ".", plugins=[recorder]).assertoutcome(passed=2)
    assert recorder.places == [(str(root / "src/lib.rs"), 3, "src/lib.rs::leaks")]

    recorder.places.clear()
    (root / "Cargo.toml").unlink()
    pytester.inline_run("--cpython-sys", "empty", plugins=[recorder])
    assert recorder.places == [(str(root / ini) if ini else str(root), 1, "")]
