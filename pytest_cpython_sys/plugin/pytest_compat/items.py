"""Items without a Python function, as pytest and other plugins want to have them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pytest
from _pytest.mark.structures import NodeKeywords
from _pytest.outcomes import OutcomeException
from _pytest.skipping import evaluate_skip_marks, evaluate_xfail_marks

from .configuration import may_be_fast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pluggy

__all__ = ["CompatCollector", "CompatItem", "marks_keep_out", "remember_hooks", "skip_at_item"]


class _Keywords(NodeKeywords):  # type: ignore[misc]  # final for subclasses that change more
    """The same keywords in the same order, gathered in one go: each report asks for all.

    A fast way: pytest's own takes a step for each keyword and level. As in 8.3 to 9.2.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        found = dict(self._markers)
        parent = self.parent
        while parent is not None:
            found.update(parent.keywords._markers)  # type: ignore[attr-defined]
            parent = parent.parent
        return iter(found)


class CompatCollector(pytest.Collector):
    """A collector whose items have all their hooks in common."""

    known_hooks: pluggy.HookRelay | None = None
    """The hooks that count for its items, once all conftest files are loaded."""

    @cached_property
    def may_be_fast(self) -> bool:
        """Whether its items may do what pytest does, in one go."""
        return may_be_fast(self.config)


class CompatItem(pytest.Item):
    """An item without a Python function, as pytest and other plugins want to have it."""

    parent: CompatCollector
    _parallel_custom_item = True
    """Tells pytest-run-parallel (0.5 to 0.10) that there is no Python function for its threads."""

    @property
    def ihook(self) -> pluggy.HookRelay:
        """The hooks that count for this path, which is its parent's: see `remember_hooks`."""
        known = self.parent.known_hooks
        return self.parent.ihook if known is None else known

    def forget(self) -> None:
        """Forget what became of the test: it runs again."""
        # Sections can be added to an item, but not taken away (8.3 to 9.2). Copies have the same.
        self._report_sections = []

    def _initrequest(self) -> None:
        """Do what pytest-retry (1.7) asks any item for before it runs one again."""
        self.forget()

    def add_attributes(self, attributes: Mapping[str, object]) -> None:
        """Add what a plugin expects to find in any item (see ``companions``)."""
        self.__dict__.update(attributes)

    def add_marks(self, marks: Sequence[pytest.Mark]) -> None:
        """Add marks that are registered, where hooks look for them: among the keywords as well.

        `add_marker` would look each up in the registry, for each item. Both are as in 8.3 to 9.2.
        """
        if self.parent.may_be_fast:
            self.keywords = _Keywords(self)
        self.own_markers.extend(marks)
        self.keywords.update({mark.name: mark for mark in marks})


def remember_hooks(session: pytest.Session) -> None:
    """Find out once a parent which hooks count for its items: all conftest files are loaded.

    A fast way: pytest finds that out for each item, and again for each of its hooks (8.3 to 9.2).
    """
    for item in session.items if may_be_fast(session.config) else ():
        if isinstance(item, CompatItem) and item.parent.known_hooks is None:
            item.parent.known_hooks = item.ihook


def skip_at_item(reason: str) -> BaseException:
    """Return what skips a test at its own place, as ``@pytest.mark.skip`` does, not at ours.

    pytest has no public word for that (8.3 to 9.2).
    """
    return pytest.skip.Exception(reason, _use_item_location=True)


def marks_keep_out(item: pytest.Item) -> bool:
    """Tell whether `skip`, `skipif` or `xfail(run=False)` will keep a test from running.

    pytest tells nobody before it is the test's turn, and Rust tests run ahead (8.3 to 9.2).
    """
    try:
        if evaluate_skip_marks(item) is not None:
            return True
        expected = None if item.config.getoption("runxfail", False) else evaluate_xfail_marks(item)
    except (OutcomeException, Exception):  # pytest says so when it is the test's turn
        return False
    return expected is not None and not expected.run
