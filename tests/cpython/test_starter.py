"""The smallest workspace of the docs, typed into a checkout as it stands there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..acceptance.conftest import outcomes, run

if TYPE_CHECKING:
    from .conftest import Checkout

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "cpython.md"
FILE = re.compile(r"^`([^`\n]+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def starter(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    files = dict(FILE.findall(PAGE.read_text(encoding="utf-8")))
    assert len(files) == 6
    target = checkout.path.parent / f"{checkout.path.name}-starter"
    monkeypatch.setenv("CARGO_TARGET_DIR", str(target))
    for manifest in checkout.path.glob("Modules/*/Cargo.toml"):
        shutil.rmtree(manifest.parent)
    (checkout.path / "Cargo.lock").unlink(missing_ok=True)
    for name, text in files.items():
        checkout.write(name, text)
    return checkout


def test_it_is_green_with_a_build(
    starter: Checkout, pytester: pytest.Pytester, each_build: str
) -> None:
    starter.add_build(each_build)
    result = run(pytester)
    found = outcomes(result)
    assert result.ret == 0, result.stdout.str()
    assert found["Modules/_hello/src/lib.rs::the_answer"] == "passed"
    assert found["Modules/_hello/src/lib.rs::@module::imports"] == "passed"
    assert found["Modules/_hello/src/lib.rs::@unsafe"] == "passed"
    layouts = [name for name in found if "bindgen_test_layout_" in name]
    assert len(layouts) > 100
    assert set(found.values()) == {"passed"}


def test_it_is_green_where_nothing_is_built(starter: Checkout, pytester: pytest.Pytester) -> None:
    starter.configure()
    result = run(pytester)
    found = outcomes(result)
    assert result.ret == 0, result.stdout.str()
    assert found["Modules/_hello/src/lib.rs::the_answer"] == "passed"
    assert set(found.values()) == {"passed"}
