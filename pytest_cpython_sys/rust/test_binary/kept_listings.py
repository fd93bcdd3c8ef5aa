"""Lists of tests that are kept as long as a binary stays as it is: libtest's own alone.

A harness of another kind may look for its tests wherever it likes, and is asked in each run.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from ...cargo import cache_path, keep_text, read_bytes, rustflags
from ...cargo.questions.marks import is_settled, program_stamp
from .listing import ListedTest, Listing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...cargo import Target, TestProcess
    from ..context import BuildContext

__all__ = ["KeptListing"]

_FORMAT: Final = 1
_MOST: Final = 1000
_LOOKED_AT: Final = ("RUST", "LD_", "DYLD_")
"""What the names of variables begin with that libtest, or the loader, looks at."""
# What a crate has to write at its root to bring a harness that is not libtest, see
# https://doc.rust-lang.org/unstable-book/language-features/custom-test-frameworks.html
_OTHER_HARNESS: Final = b"custom_test_frameworks"
_ATTRIBUTES: Final = "crate-attr"
"""A flag of rustc that writes such a thing for a crate."""


class KeptListing:
    """The list of one binary, kept with the stamp that the binary had before it was asked."""

    def __init__(
        self, context: BuildContext, process: TestProcess, environ: Mapping[str, str]
    ) -> None:
        self._context = context
        looked_at = {name: value for name, value in environ.items() if name.startswith(_LOOKED_AT)}
        causes = (_FORMAT, process.argv, process.cwd, sorted(looked_at.items()))
        self._path = cache_path(context.build, context.options, "listings", causes)
        self._stamp = None if process.runner else program_stamp(process.executable)
        self._is_settled = self._stamp is not None and is_settled(self._stamp)

    def read(self) -> Listing | None:
        """Return the list, if it is that of the binary as it is now."""
        if self._stamp is None:
            return None
        digest, _, text = read_bytes(self._path).partition(b"\n")
        if not text or digest != _digest(text):
            return None
        try:
            raw: Any = json.loads(text)
            if tuple(raw["stamp"]) != self._stamp:
                return None
            sources: list[str | None] = raw["sources"]
            tests = tuple(
                ListedTest(name, ignored, reason, sources[source], line, bench)
                for name, ignored, reason, source, line, bench in raw["tests"]
            )
        except (ValueError, TypeError, LookupError):
            return None
        return Listing(tests, json=True)

    def keep(self, listing: Listing, target: Target) -> None:
        """Keep the list that the binary has given after it was stamped, if it is libtest's."""
        if not (self._is_settled and listing.json and self._is_libtest(target)):
            return
        sources: dict[str | None, int] = {}
        tests = [
            (
                *(test.name, test.ignored, test.reason),
                *(sources.setdefault(test.source, len(sources)), test.line, test.bench),
            )
            for test in listing.tests
        ]
        text = json.dumps({"stamp": self._stamp, "sources": list(sources), "tests": tests})
        keep_text(self._path, f"{_digest(text.encode()).decode()}\n{text}", _MOST)

    def _is_libtest(self, target: Target) -> bool:
        """Tell whether nothing but libtest can be in a binary that was compiled as a test."""
        build, options = self._context.build, self._context.options
        flags = (*rustflags(build.environment, build.workspace.root), *options.extra)
        return not (
            _OTHER_HARNESS in read_bytes(target.src_path)
            or any(_ATTRIBUTES in flag for flag in flags)
        )


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest().encode()
