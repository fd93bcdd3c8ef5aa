"""Shows what Rust tests print as they run, where pytest does so for its own."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Self

from ..pytest_compat.run import capture_suspended

if TYPE_CHECKING:
    import pytest

__all__ = ["ShownOutput"]


class ShownOutput:
    """Writes to where Python tests print; ``keeps`` whether reports are to have it as well."""

    def __init__(self, config: pytest.Config, *, keeps: bool) -> None:
        self._config = config
        self.keeps = keeps

    @classmethod
    def of(cls, config: pytest.Config) -> Self | None:
        """Return what shows output; None where it is captured alone.

        Nobody sees what workers of pytest-xdist print.
        """
        capture = config.getoption("capture", "fd")
        if capture not in ("no", "tee-sys") or hasattr(config, "workerinput"):
            return None
        return cls(config, keeps=capture == "tee-sys")

    def show(self, text: str) -> None:
        """Show a piece of text at once."""
        # Nobody looks any more where writing is refused.
        with capture_suspended(self._config), contextlib.suppress(OSError, ValueError):
            encoding = sys.stdout.encoding or "utf-8"
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
            sys.stdout.flush()
