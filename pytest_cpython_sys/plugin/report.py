"""How a verdict is shown: in the terminal and in JUnit XML."""

from __future__ import annotations

import os
from collections import Counter
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..case import counted, printable
from ..evaluator import remarks, withheld
from ..failure_text import generated_name, relative
from ..rust.foreign_target import NOT_LINKED, NOT_RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence
    from pathlib import Path

    import pytest

    from ..cargo import Build
    from ..case import Case, Checker, Key
    from ..plan import Plan

__all__ = [
    "PackageCounts",
    "count_of_ours",
    "not_run_reason",
    "place_in_id",
    "properties",
    "record_warning",
    "remark_lines",
    "replaced_lines",
    "warning_lines",
    "withheld_lines",
    "write_section",
]

_MOST_WARNINGS: Final = 10  # lines
_WITHHELD: Final = "not checked: "
_ALWAYS: Final = ("package", "target", "rust_test", "kind", "source")
_SOMETIMES: Final = ("generated", "command")


def properties(case: Case, root: Path) -> Iterator[tuple[str, object]]:
    """Yield the properties of an item, as JUnit XML shows them."""
    package, target, kind = _shared(case.package, case.target, case.kind)
    yield package
    yield target
    yield "rust_test", case.rust_test
    yield kind
    yield "source", f"{relative(case.file, root)}:{case.line}"
    if case.generated is not None:
        yield "generated", generated_name(case.generated)
    if case.command:
        yield "command", case.command


def count_of_ours(found: Sequence[tuple[str, object]]) -> int:
    """Return how many of a report's properties are an item's own: they come first."""
    if tuple(name for name, _ in found[: len(_ALWAYS)]) != _ALWAYS:
        return 0
    number = len(_ALWAYS)
    for name in _SOMETIMES:
        number += number < len(found) and found[number][0] == name
    return number


@cache
def _shared(package: str, target: str, kind: str) -> tuple[tuple[str, str], ...]:
    """Return properties that many items have in common, once."""
    return ("package", package), ("target", target), ("kind", kind)


def record_warning(
    config: pytest.Config, text: str, item: pytest.Item | None = None, *, of_file: bool = False
) -> None:
    """Show a warning in pytest's summary; ``-W error`` must not change a verdict with it.

    Its place is that of the item, or its file if the warning is ``of_file``; else the ini file or
    what stands for it: no line of this code.
    """
    import warnings

    import pytest

    path, line, _ = item.reportinfo() if item is not None else (None, None, "")
    message = warnings.WarningMessage(
        pytest.PytestWarning(printable(text)),
        pytest.PytestWarning,
        filename=os.fspath(path or config.inipath or config.rootpath),
        lineno=(line or 0) + 1 if not of_file else 1,
        line="",
    )
    config.hook.pytest_warning_recorded.call_historic(
        kwargs={
            "warning_message": message,
            "nodeid": item.nodeid if item is not None and not of_file else "",
            "when": "runtest" if item is not None else "config",
            "location": None,
        }
    )


def write_section(terminal: pytest.TerminalReporter, title: str, lines: Iterable[str]) -> None:
    """Write lines below a title; nothing where there is no line."""
    for number, line in enumerate(lines):
        if number == 0:
            terminal.section(title)
        terminal.line(line)


_ONE: Final = {
    "layouts": "layout",
    "tests": "test",
    "C comparisons": "C comparison",
    "policies": "policy",
    "module checks": "module check",
    "unbuilt targets": "unbuilt target",
}
_SINGULAR: Final = {**_ONE, "errors": "error"}


class PackageCounts:
    """Counts a package's items for its line of the summary."""

    _COLUMNS = (*_ONE, "skipped", "xfailed", "xpassed")
    _BAD = ("failed", "not evaluated", "errors")
    # What is wrong with a manifest or with a header is no check of a declaration.
    _SETUP = ("@metadata", "@abi::header", "Cargo.toml::@build")
    _KINDS = MappingProxyType(
        {
            "layout": "layouts",
            "abi": "C comparisons",
            "policy": "policies",
            "build": "unbuilt targets",
        }
    )

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Counter[str]] = {}
        self._again: dict[str, None] = {}
        """What plugins call tests that run again, in the order of their first."""
        self._holding: set[str] = set()
        """Packages that have tests, whether any of them ran or not."""

    def note_tests(self, cases: Iterable[Case]) -> None:
        """Take note of which packages have tests."""
        self._holding.update(case.package for case in cases if case.kind != "build")

    def add_package(self, package: str, label: str = "") -> None:
        """Make sure that a package has a line, if only to say that it holds no test.

        ``label`` is that of its Python, where there are several.
        """
        self._rows.setdefault((package, label), Counter())

    def count(
        self, package: str, kind: str, outcome: str, nodeid: str, words: str, label: str = ""
    ) -> None:
        """Count one finished item; ``words`` are the first line of what is said of it."""
        row = self._rows.setdefault((package, label), Counter())
        if outcome == "not evaluated":
            outcome = outcome if words.startswith(outcome) else "errors"
            if nodeid.endswith(self._SETUP):
                row[outcome] += 1
                return
        # They run in every package that has a module: nobody need have asked for a policy.
        of_module = kind == "policy" and "@module" in nodeid.split("::")
        row["module checks" if of_module else self._KINDS.get(kind, "tests")] += 1
        if outcome != "passed":
            row[outcome] += 1

    def count_again(self, package: str, word: str, label: str = "") -> None:
        """Count a test that has ended and runs again, under the word that a plugin has for it."""
        self._again[word] = None
        self._rows.setdefault((package, label), Counter())[word] += 1

    @property
    def columns(self) -> list[str]:
        """What a table of all lines has columns for: nothing that is 0 everywhere, but tests."""
        counted = {name for row in self._rows.values() for name in row if row[name]}
        return [name for name in self._all if name in counted or name == "tests"]

    @property
    def _all(self) -> tuple[str, ...]:
        return (*self._COLUMNS, *self._again, *self._BAD)

    def rows(self) -> list[tuple[str, str, Counter[str]]]:
        """Return the package, the label of the Python and the counts of each line."""
        entries = sorted(self._rows.items(), key=lambda entry: entry[0][0])
        return [(name or "Cargo.toml", label, row) for (name, label), row in entries]

    def lines(self) -> Iterator[str]:
        """Yield a line a package; with several Pythons, a line a package and Python."""
        width = max((len(name) for name, _ in self._rows), default=0)
        wide = max((len(label) for _, label in self._rows), default=0)
        for name, label, row in self.rows():
            parts = [_counted(row[column], column) for column in self._all if row[column]]
            python = f"{label:<{wide}}  " if wide else ""
            nothing = "no test ran" if name in self._holding else "0 tests"
            yield f"{name:<{width}}  {python}{', '.join(parts) or nothing}"


def _counted(number: int, noun: str) -> str:
    """Return a number with its noun, given in the plural."""
    return f"{number} {_SINGULAR.get(noun, noun) if number == 1 else noun}"


def remark_lines(checkers: Iterable[Checker], *, verbose: bool) -> Iterator[str]:
    """Yield what checkers have to say beside their verdicts; details with ``-v`` alone.

    What several Pythons have in common is said once, with the labels of all.
    """
    said: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for checker in checkers:
        for text, details in remarks(checker):
            labels = said.setdefault((text, tuple(details)), [])
            labels += [label for label in (getattr(checker, "label", ""),) if label]
    for (text, details), labels in said.items():
        heading = f"{', '.join(dict.fromkeys(labels))}: {text}" if labels else text
        yield printable(heading if verbose or not details else f"{heading} (-v shows details)")
        if verbose:
            yield from (f"    {printable(one)}" for one in details)


def withheld_lines(
    plan: Plan, beside: Container[tuple[str, str, str]], asks_for: Callable[[Key], bool]
) -> Iterator[str]:
    """Yield a line for each check that cannot be evaluated here, and for how many packages.

    ``beside``: where something was evaluated, by the Python's label, the package, and the place
    in ids. What was typed is an item, and says it itself. What several Pythons have in common is
    said once, with the labels of all.
    """
    said: dict[str, list[str]] = {}
    for checker in plan.checkers.values():
        label = getattr(checker, "label", "")
        packages: dict[tuple[str, str], set[str]] = {}
        for need, cases in withheld(checker):
            if not cases:
                said.setdefault(need, [])
            for case in cases:
                if case in plan.cases.get(case.file, ()) or not asks_for(case.key):
                    continue
                if (label, case.package, place_in_id(case.rust_test)) in beside:
                    packages.setdefault((case.levels[-1], need), set()).add(case.package)
        for (check, need), names in packages.items():
            count = counted(len(names), "package")
            text = f"{_WITHHELD}{check} of {count} (needs {need})"
            said.setdefault(text, []).extend([label] if label else [])
    for text, labels in said.items():
        yield printable(f"{', '.join(labels)}: {text}" if labels else text)
    if any(text.startswith(_WITHHELD) for text in said):
        yield "    to make these checks too, choose another Python: --cpython-sys-python=PATH"


def place_in_id(rust_test: str) -> str:
    """Return what an item's own name has above it."""
    return rust_test.rpartition("::")[0]


def replaced_lines(cases: Iterable[Case], root: Path, labels: Sequence[str] = ()) -> Iterator[str]:
    """Yield a line a package for the targets that were tested in a second build.

    With ``labels`` of several Pythons, a line a package and Python.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for case in cases:
        files = found.setdefault((case.package, case.levels[0] if labels else ""), [])
        files.append(relative(case.file, root))
    for (package, level), files in found.items():
        targets = counted(len(files), "target")
        yield f"did not build: {targets} of {package}{f' ({level[1:]})' if level else ''}"
        verb = "does" if len(files) == 1 else "do"
        yield f"    {', '.join(files)} {verb} not compile, because layouts differ"
        yield "    other tests ran in a second build, which leaves these layouts out"


def warning_lines(
    builds: Iterable[Build], members: Container[str], root: Path, width: int
) -> list[str]:
    """Return a line for each of rustc's warnings about packages that this run has compiled.

    There are ten at most, and none that cargo repeats of what was up to date. ``members`` are ids
    of packages; ``width`` is the longest line there is room for.
    """
    found: dict[object, tuple[str, int, str]] = {}
    for build in builds:
        compiled = {(one.package_id, one.target) for one in build.artifacts if not one.fresh}
        compiled |= {(one.package_id, one.target) for one in build.diagnostics if one.is_error}
        for one in build.diagnostics:
            spans = one.raw.get("spans") if one.level == "warning" else None
            known = (one.package_id, one.target) in compiled and one.package_id in members
            if not spans or not known or one.identity in found:
                continue
            span = next((span for span in spans if span.get("is_primary")), spans[0])
            file = os.path.join(build.workspace.root, str(span["file_name"]))
            words = one.message.partition("\n")[0]
            found[one.identity] = (relative(file, root), int(span["line_start"]), words)
    # Compilers that run side by side speak in any order.
    lines = [printable(f"{file}:{line}: {words}") for file, line, words in sorted(found.values())]
    lines = [line if len(line) <= width else f"{line[: width - 3]}..." for line in lines]
    if len(lines) <= _MOST_WARNINGS:
        return lines
    shown = lines[: _MOST_WARNINGS - 1]
    command = "cargo check --workspace --tests"
    return [*shown, f"... and {len(lines) - len(shown)} more: `{command}` shows all of them"]


def cargo_warning_lines(builds: Iterable[Build]) -> Iterator[str]:
    """Yield the lines of what cargo and build scripts warn of, each warning once, ten at most."""
    found = list(dict.fromkeys(text for build in builds for text in build.warnings))
    shown = found if len(found) <= _MOST_WARNINGS else found[: _MOST_WARNINGS - 1]
    for text in shown:
        yield from printable(text).split("\n")
    if len(shown) < len(found):
        yield f"... and {len(found) - len(shown)} more: `cargo test` shows all of them"


def not_run_reason(report: pytest.TestReport) -> str | None:
    """Return why a test of a target that does not run here was skipped; None for any other."""
    if not report.skipped or not isinstance(report.longrepr, tuple):
        return None
    reason = report.longrepr[2].removeprefix("Skipped: ")
    return reason.partition(NOT_LINKED)[0] if reason.startswith(NOT_RUN) else None


def outcome_of(report: pytest.TestReport) -> str | None:
    """Return what a report says about its item, or None if another report will."""
    if report.when == "call" or (report.when == "setup" and not report.passed):
        expected = "x" if hasattr(report, "wasxfail") else ""
        if report.passed:
            return f"{expected}passed"
        if report.skipped:
            return f"{expected}failed" if expected else "skipped"
        if report.failed:  # and not one of which a plugin says that the test runs again
            return "failed" if report.when == "call" else "not evaluated"
    return None
