"""libtest's log file: a second account of every verdict, out of the tests' easy reach.

A test can write into the stream that the events come in, and so forge one. What it forges is
not in the file that libtest itself writes, a line a test, before it writes the event:
https://doc.rust-lang.org/rustc/tests/index.html#--logfile-path
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from typing import Self

__all__ = ["Witness"]

# "ok NAME <0.001s>", "failed NAME <0.001s>", "failed: WHY NAME <0.001s>": a reason may have several
# lines; a name has no space in it, and stands last.
_TIMED = re.compile(r"^(?P<ok>ok )?(?:.* )?(?P<name>\S+) <\d+\.\d+s>$", re.MULTILINE)
_NOTICE = "warning: `--logfile` is deprecated"


class Witness:
    """Confirms what events say. Confirms everything where there is no file to read."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self._path = ""
        self._fd = -1
        self._rest = b""
        self._known: dict[tuple[str, str], int] = {}

    @property
    def arguments(self) -> tuple[str, ...]:
        """What makes libtest write the file."""
        return ("--logfile", self._path) if self._path else ()

    def confirms(self, name: str, kind: str) -> bool:
        """Tell whether the file holds this end of this test; each line confirms once."""
        if kind not in ("ok", "failed") or self._fd < 0:
            return True
        if not self._known.get((name, kind)):
            self._read()
        left = self._known.get((name, kind), 0)
        if left > 0:
            self._known[name, kind] = left - 1
        return left > 0

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while chunk := os.read(self._fd, 1 << 16):
                lines, _, self._rest = (self._rest + chunk).rpartition(b"\n")
                for match in _TIMED.finditer(lines.decode("utf-8", "replace")):
                    key = (match["name"], "ok" if match["ok"] else "failed")
                    self._known[key] = self._known.get(key, 0) + 1

    def __enter__(self) -> Self:
        if self._wanted:
            with contextlib.suppress(OSError):
                self._fd, self._path = tempfile.mkstemp(prefix="cpython-sys-", suffix=".log")
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    @staticmethod
    def without_notice(text: str) -> str:
        """Return standard error without libtest's word about the file."""
        return text.replace(_NOTICE, "", 1)
