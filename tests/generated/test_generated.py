"""Forty projects of fixed seeds: pytest shows what cargo and rustc say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .trial import shown, try_seed

if TYPE_CHECKING:
    from pathlib import Path

# Any forty will do. With `python -m tests.generated --count N`, any number of others.
SEEDS = range(1, 41)


@pytest.mark.acceptance
@pytest.mark.parametrize("seed", SEEDS)
def test_a_generated_project(seed: int, tmp_path: Path) -> None:
    result = try_seed(seed, tmp_path, xdist=True)
    assert not result.mistake, result.mistake
    assert not result.differences, shown(result)
