"""What tests a program has, in the words of rustc's expansion: where the program cannot be asked.

rustc writes a constant for each test, and a main function that names them all. See
https://rustc-dev-guide.rust-lang.org/test-implementation.html
"""

from __future__ import annotations

import re
from typing import Final

from ...late import regex
from .listing import ListedTest

__all__ = ["read_expanded_tests"]

_TEXT: Final = rb'"((?:[^"\\]|\\.)*)"'
_TEST: Final = regex(
    rb"^ *#\[rustc_test_marker = " + _TEXT + rb"\]\s+#\[doc\(hidden\)\]\s+pub const [\w#]+: "
    rb"\w+::TestDescAndFn\s*=\s*(?P<body>.*?)\btestfn: \w+::Static(?P<bench>Bench)?",
    re.MULTILINE | re.DOTALL,
)
_MAIN: Final = regex(
    rb"^ *\w+::test_main_static(?:_abort)?\(&\[(.*?)\]\)", re.MULTILINE | re.DOTALL
)
_SOURCE: Final = regex(rb"\bsource_file: " + _TEXT)
_LINE: Final = regex(rb"\bstart_line: (\d+)")
_REASON: Final = regex(rb"\bignore_message:\s*(?:::)?core::option::Option::Some\(" + _TEXT)
_ESCAPE: Final = regex(r'\\(["\\\'])')


def read_expanded_tests(text: bytes) -> tuple[ListedTest, ...] | None:
    """Return the tests of a program; None where it has a main function of its own.

    Raises ValueError where the list and the tests that were found do not agree.
    """
    mains = _MAIN.findall(text)
    if not mains:
        return None
    found = tuple(map(_test, _TEST.finditer(text)))
    named = mains[-1].count(b"&")
    if named != len(found):
        raise ValueError(f"its main function runs {named} tests, but the source has {len(found)}")
    return found


def _test(match: re.Match[bytes]) -> ListedTest:
    body = match["body"]
    source, line, reason = _SOURCE.search(body), _LINE.search(body), _REASON.search(body)
    return ListedTest(
        name=_plain(match[1]),
        ignored=b"ignore: true" in body,
        reason=_plain(reason[1]) if reason else "",
        source=_plain(source[1]) if source else None,
        line=int(line[1]) if line else 1,
        bench=match["bench"] is not None,
    )


def _plain(text: bytes) -> str:
    return _ESCAPE.sub(r"\1", text.decode("utf-8", "replace"))
