"""What tests a binary has: asked of the binary itself.

JSON where it can, text where it refuses (libtest-mimic), see
https://doc.rust-lang.org/rustc/tests/index.html#listing-and-running-tests
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .stream import BinaryRun, describe_exit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ...cargo import Toolchain

__all__ = ["JSON_FLAGS", "ListedTest", "Listing", "ListingError", "list_tests", "test_environment"]

JSON_FLAGS = ("--format", "json", "-Z", "unstable-options")
_TIMEOUT = 60.0
_TEXT = re.compile(rb"^(?P<name>.+): (?P<kind>test|benchmark|bench)$")
_NO_TESTS = re.compile(rb"^0 tests, \d+ benchmarks$", re.MULTILINE)
# libtest writes the reason as it stands in the source: quotes, newlines, control characters.
_REASON = re.compile(rb'("ignore_message": ")(.*?)(", "source_path": ")', re.DOTALL)
_SHOULD_PANIC = " - should panic"
_CHANGES_OUTPUT = ("RUST_TEST_NOCAPTURE", "RUST_TEST_TIME_UNIT", "RUST_TEST_TIME_INTEGRATION")


@dataclass(frozen=True, slots=True)
class ListedTest:
    """A test that a binary says it has. ``source`` is as rustc was given it, ``line`` from 1."""

    name: str
    ignored: bool = False
    reason: str = ""
    source: str | None = None
    line: int = 1

    def skip_reason(self, ignored: str, otherwise: str) -> str | None:
        """Return why it is not to run, given which ignored tests are; ``otherwise`` if unsaid."""
        if self.ignored and ignored == "default":
            return self.reason or otherwise
        if not self.ignored and ignored == "only":
            return "not ignored, and only ignored tests were asked for"
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


def _run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[list[bytes], int | None, str]:
    """Return the lines, the exit code (None: out of time) and standard error of a listing."""
    import time

    end = time.monotonic() + _TIMEOUT
    try:
        run = BinaryRun(argv, cwd=cwd, env=env, deadline=lambda: end)
    except OSError as error:
        raise ListingError(f"{argv[0]} cannot be started: {error.strerror or error}") from None
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
    lines, code, stderr = _run([*command, *compose(["--list", *JSON_FLAGS])], cwd, env)
    if code == 0 and (found := _parse_json(lines)) is not None:
        return Listing(found, json=True)
    names = _parse_text(lines) if code == 0 else None
    if code is not None and code > 0:
        # An argument parser of its own may refuse ours.
        lines, code, plain_stderr = _run([*command, *compose(["--list"])], cwd, env)
        names = _parse_text(lines) if code == 0 else None
        stderr = plain_stderr or stderr
    if names is not None:
        return Listing(_with_ignored(names, command, cwd, env), json=False)
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
    tests: list[ListedTest] = []
    complete = False
    for line in _REASON.sub(_whole_reason, b"\n".join(lines)).split(b"\n"):
        start = line.find(b"{")
        if start < 0:
            continue
        try:
            raw = json.loads(line[start:])
            if raw["type"] == "suite" and raw["event"] == "completed":
                complete = True
            elif raw["type"] == "test" and raw["event"] == "discovered":
                tests.append(
                    ListedTest(
                        name=raw["name"],
                        ignored=bool(raw.get("ignore")),
                        reason=raw.get("ignore_message") or "",
                        source=raw.get("source_path") or None,
                        line=max(1, int(raw.get("start_line") or 1)),
                    )
                )
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return tuple(tests) if complete else None


def _parse_text(lines: list[bytes]) -> list[str] | None:
    names = []
    for line in lines:
        match = _TEXT.match(line.rstrip(b"\r"))
        if match is not None and match["kind"] == b"test":
            names.append(match["name"].decode("utf-8", "replace").removesuffix(_SHOULD_PANIC))
    if not names and not any(_NO_TESTS.search(line) for line in lines) and any(lines):
        return None
    return names


def _with_ignored(
    names: list[str], command: Sequence[str], cwd: str, env: Mapping[str, str]
) -> tuple[ListedTest, ...]:
    """Mark those that the binary lists again when asked for the ignored ones alone."""
    lines, code, _ = _run([*command, "--list", "--ignored"], cwd, env)
    ignored = set(_parse_text(lines) or ()) if code == 0 else set()
    return tuple(ListedTest(name, ignored=name in ignored) for name in names)
