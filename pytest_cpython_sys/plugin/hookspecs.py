"""Hook specifications: what other plugins and a conftest can add."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..case import Checker
    from ..rust.context import BuildContext

__all__ = ["pytest_cpython_sys_checkers"]


@pytest.hookspec
def pytest_cpython_sys_checkers(contexts: Sequence[BuildContext]) -> Sequence[Checker]:  # type: ignore[empty-body]
    """Return more checkers for these builds, one build a workspace.

    Called once, after the builds and before collection; with several Pythons once for each. Each
    checker's cases become items like all others; its name must be its own.
    """
