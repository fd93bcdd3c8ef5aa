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
    """Return additional checkers for these builds. Each context is the build of one workspace.

    pytest calls the hook once, after the builds and before collection; with several Pythons it
    calls the hook once for each Python. The cases of each checker become items. The name of each
    checker must be unique.
    """
