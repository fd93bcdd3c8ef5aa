"""What tests a binary has: asked of the binary itself.

JSON where it can, text where it refuses (libtest-mimic), see
https://doc.rust-lang.org/rustc/tests/index.html#listing-and-running-tests
"""

from __future__ import annotations

import json
import os
import re
import shlex
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...cargo.run_program import ProgramRun, describe_exit
from ...late import regex
from .events import json_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ...cargo import Toolchain

__all__ = ["JSON_FLAGS", "ListedTest", "Listing", "ListingError", "list_tests", "test_environment"]

JSON_FLAGS = ("--format", "json", "-Z", "unstable-options")
_TIMEOUT = 60.0
_TEXT = regex(rb"^(?P<name>.+): (?P<kind>test|benchmark|bench)$")
# libtest writes the reason as it stands in the source: quotes, newlines, control characters.
_REASON = regex(rb'("ignore_message": ")(.*?)(", "source_path": ")', re.DOTALL)
_TOTAL = regex(rb"^\d+ tests?, \d+ benchmarks?$")
_BENCHES = ("bench", "benchmark")
_CHANGES_OUTPUT = ("RUST_TEST_NOCAPTURE", "RUST_TEST_TIME_UNIT", "RUST_TEST_TIME_INTEGRATION")


@dataclass(frozen=True, slots=True)
class ListedTest:
    """A test that a binary says it has. ``source`` is as rustc was given it, ``line`` from 1."""

    name: str
    ignored: bool = False
    reason: str = ""
    source: str | None = None
    line: int = 1
    bench: bool = False
    """Whether it is a benchmark, which `cargo test` runs once."""

    def skip_reason(self, ignored: str, otherwise: str) -> str | None:
        """Return why it is not to run, given which ignored tests are; ``otherwise`` if unsaid."""
        if self.ignored and ignored == "default":
            return self.reason or otherwise
        if not self.ignored and ignored == "only":
            return "not an ignored test, and only ignored tests were requested"
        return None


@dataclass(frozen=True, slots=True)
class Listing:
    """All tests of a binary; ``json`` tells whether it speaks JSON when asked to list."""

    tests: tuple[ListedTest, ...]
    json: bool


class ListingError(Exception):
    """A binary cannot list its tests: the message says why.

    ``unknown_harness`` is set where it ran well and just printed no listing.
    """

    def __init__(self, message: str, *, unknown_harness: bool = False) -> None:
        super().__init__(message)
        self.unknown_harness = unknown_harness


def test_environment(environment: Mapping[str, str], toolchain: Toolchain) -> dict[str, str]:
    """Return the environment of a libtest binary of which we want JSON.

    Only the binary looks whether RUSTC_BOOTSTRAP is set; with -1 every rustc that a test
    starts stays strictly stable. A nightly toolchain needs no permission, and keeps its features.
    """
    env = {name: value for name, value in environment.items() if name not in _CHANGES_OUTPUT}
    if not toolchain.is_unstable:
        env.setdefault("RUSTC_BOOTSTRAP", "-1")
    return env


@dataclass(frozen=True, slots=True)
class _Asker:
    """Starts a binary with arguments of the harness's own; ``compose`` makes them the command's."""

    command: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    compose: Callable[[Sequence[str]], list[str]]

    def __call__(self, *arguments: str) -> tuple[list[bytes], int | None, str]:
        """Return the lines, the exit code (None: out of time) and standard error."""
        end = time.monotonic() + _TIMEOUT
        argv = [*self.command, *self.compose(arguments)]
        try:
            run = ProgramRun(argv, cwd=self.cwd, env=self.env, deadline=lambda: end)
        except OSError as error:
            reason = error.strerror or error
            raise ListingError(f"{argv[0]} cannot be started: {reason}") from None
        lines = list(run.lines())
        return lines, None if run.expired else run.exit_code, run.stderr


def list_tests(
    command: Sequence[str],
    *,
    cwd: str,
    env: Mapping[str, str],
    compose: Callable[[Sequence[str]], list[str]] = list,
) -> Listing:
    """Return the tests of a binary. Raises ListingError with the loader's words.

    ``env`` is one of ``test_environment``; ``compose`` makes arguments of the harness into those
    of the command.
    """
    shown = shlex.join(command)
    ask = _Asker(command, cwd, env, compose)
    lines, code, stderr = ask("--list", *JSON_FLAGS)
    if code == 0 and (found := _parse_json(lines)) is not None:
        return Listing(found, json=True)
    if code is not None and code > 0:
        # An argument parser of its own may refuse ours.
        lines, code, plain_stderr = ask("--list")
        stderr = plain_stderr or stderr
    if code == 0 and (tests := _parse_text(lines, ask)) is not None:
        return Listing(_with_ignored(tests, ask), json=False)
    if code == 0:
        raise ListingError(f"{shown} --list printed no list of tests", unknown_harness=True)
    how = f"no answer within {_TIMEOUT:.0f} s" if code is None else describe_exit(code)
    raise ListingError(f"{shown} --list: {how}\n{stderr}".rstrip(), unknown_harness=True)


def _whole_reason(match: re.Match[bytes]) -> bytes:
    """Return why a test is ignored as JSON has it."""
    try:
        json.loads(b'"' + match[2] + b'"')
    except ValueError:
        return match[1] + json.dumps(match[2].decode("utf-8", "replace"))[1:-1].encode() + match[3]
    return match[0]


def _parse_json(lines: list[bytes]) -> tuple[ListedTest, ...] | None:
    """Return the tests of a complete list; rustdoc may write several lists, one after another."""
    tests: list[ListedTest] = []
    total: int | None = None
    for line in _REASON.sub(_whole_reason, b"\n".join(lines)).split(b"\n"):
        for raw, _ in json_objects(line):
            try:
                if raw["type"] == "suite" and raw["event"] == "completed":
                    total = (total or 0) + int(raw.get("total", raw.get("tests", len(tests))))
                elif raw["event"] == "discovered":
                    tests.append(_listed(raw))
            except (ValueError, KeyError, TypeError):
                continue
            break
    if total is not None and total != len(tests):
        raise ListingError(f"its list has {len(tests)} tests, but its total is {total}")
    return tuple(tests) if total is not None else None


def _listed(raw: dict[str, Any]) -> ListedTest:
    return ListedTest(
        name=str(raw["name"]),
        ignored=bool(raw.get("ignore")),
        reason=raw.get("ignore_message") or "",
        source=raw.get("source_path") or None,
        line=max(1, int(raw.get("start_line") or 1)),
        bench=raw["type"] in _BENCHES,
    )


def _parse_text(lines: list[bytes], ask: _Asker) -> list[ListedTest] | None:
    """Return the tests of a list in text; None if it is none.

    A list that holds benchmarks alone is one of a harness (criterion) that has no tests to name.
    """
    tests = []
    before: list[bytes] = []
    """Lines that belong to no test, as it seems: a name may have several."""
    complete = False
    for line in (line.rstrip(b"\r") for line in lines):
        match = _TEXT.match(line)
        if match is None:
            complete = complete or _TOTAL.match(line) is not None
            before.append(line)
            continue
        kind = match["kind"].decode()
        name = _whole_name(line, match["name"], before, ask) if any(before) else match["name"]
        tests.append(ListedTest(name.decode("utf-8", "replace"), bench=kind in _BENCHES))
        complete = complete or kind == "test"
        before = []
    return tests if complete else None


def _whole_name(line: bytes, last: bytes, before: list[bytes], ask: _Asker) -> bytes:
    """Return the name whose last line this is: the one that the harness finds."""
    for start in range(len(before), -1, -1):
        lines, code, _ = ask("--list", "--exact", "--", os.fsdecode(_text(before[start:], last)))
        # Whatever else it prints comes first.
        if code == 0 and _text([b"", *lines]).endswith(_text([b"", *before[start:]], line)):
            return _text(before[start:], last)
    return last


def _text(lines: list[bytes], *more: bytes) -> bytes:
    return b"\n".join([*lines, *more])


def _with_ignored(tests: list[ListedTest], ask: _Asker) -> tuple[ListedTest, ...]:
    """Mark those that the binary lists again when asked for the ignored ones alone.

    If these are all of them, it may as well not know the option: it is to say so when they run.
    """
    lines, code, _ = ask("--list", "--ignored")
    found = (_parse_text(lines, ask) if code == 0 else None) or ()
    ignored = {test.name for test in found}
    if len(ignored) == len({test.name for test in tests}):
        ignored = set()
    return tuple(replace(test, ignored=test.name in ignored) for test in tests)
