"""What the terminal shows of Rust packages at the end of a run."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING

from .report import record_warning, relative

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import pytest

    from .cargo import Diagnostic
    from .case import Case, Checker
    from .project import Plan

__all__ = ["PackageCounts", "remark_lines", "warn_at_the_end", "write_summary"]


def write_summary(
    terminal: pytest.TerminalReporter,
    plan: Plan,
    counts: PackageCounts,
    members: Collection[str],
    unbuilt: Sequence[Case],
    replaced: Sequence[Case],
) -> None:
    """Write rustc's warnings about ``members`` (package ids), a line a package, what is missing."""
    diagnostics = [
        diagnostic
        for build in (*plan.builds, *plan.later_builds)
        for diagnostic in build.diagnostics
        if diagnostic.package_id in members
    ]
    warnings = list(warning_lines(diagnostics))
    if warnings:
        terminal.section("rustc warnings")
        for line in warnings:
            terminal.line(line)
    runs = not terminal.config.option.collectonly
    lines = list(counts.lines()) if runs else []
    if runs:
        verbose = terminal.config.get_verbosity() > 0
        lines += remark_lines(plan.checkers.values(), verbose=verbose)
    if lines or unbuilt:
        terminal.section("Rust packages")
    for line in lines:
        terminal.line(line)
    for case in unbuilt:
        file = relative(case.file, terminal.config.rootpath)
        terminal.line(f"did not build: {file}::{'::'.join(case.levels)}", red=True)
    for line in replaced_lines(replaced) if runs else ():
        terminal.line(line, red=True)


def warn_at_the_end(config: pytest.Config, plan: Plan) -> None:
    """Show what checkers warn of, whatever was selected."""
    if config.option.collectonly:
        return
    verbose = config.get_verbosity() > 0
    for checker in plan.checkers.values():
        warnings = getattr(checker, "warnings", None)
        for text in warnings(verbose=verbose) if warnings is not None else ():
            record_warning(config, text)


class PackageCounts:
    """Counts a package's items for its line of the summary."""

    _COLUMNS = ("layouts", "tests", "abi", "skipped", "failed", "not evaluated")
    _KINDS = MappingProxyType({"layout": "layouts", "abi": "abi"})

    def __init__(self) -> None:
        self._rows: dict[str, Counter[str]] = {}

    def add_package(self, package: str) -> None:
        """Make sure that a package has a line, if only to say that it holds no test."""
        self._rows.setdefault(package, Counter())

    def count(self, package: str, kind: str, outcome: str) -> None:
        """Count one finished item."""
        row = self._rows.setdefault(package, Counter())
        if kind != "build":
            row[self._KINDS.get(kind, "tests")] += 1
        if outcome != "passed":
            row[outcome] += 1

    def lines(self) -> Iterator[str]:
        """Yield a line a package."""
        width = max((len(name) for name in self._rows), default=0)
        for name, row in sorted(self._rows.items()):
            parts = [f"{row[column]} {column}" for column in self._COLUMNS[:2]]
            parts += [f"{row[column]} {column}" for column in self._COLUMNS[2:] if row[column]]
            yield f"{name or 'manifest':<{width}}  {', '.join(parts)}"


def remark_lines(checkers: Iterable[Checker], *, verbose: bool) -> Iterator[str]:
    """Yield what checkers have to say beside their verdicts; details with ``-v`` alone."""
    for checker in checkers:
        remarks = getattr(checker, "remarks", None)
        for text, details in remarks() if remarks is not None else ():
            yield text if verbose or not details else f"{text} (-v lists them)"
            if verbose:
                yield from (f"    {one}" for one in details)


def replaced_lines(cases: Iterable[Case]) -> Iterator[str]:
    """Yield a line a package for the targets that were tested in a second build."""
    for package, count in Counter(case.package for case in cases).items():
        targets = "1 target" if count == 1 else f"{count} targets"
        yield f"did not build: {targets} of {package}"
        yield "    tested in a second build, without the layouts that differ"


def warning_lines(diagnostics: list[Diagnostic], limit: int = 10) -> Iterator[str]:
    """Yield rustc's warnings about the user's own packages, each once."""
    seen: dict[str, None] = {}
    for diagnostic in diagnostics:
        if diagnostic.level == "warning" and diagnostic.raw.get("spans"):
            seen.setdefault(diagnostic.rendered.strip("\n"))
    for text in list(seen)[:limit]:
        yield from text.split("\n")
        yield ""
    if len(seen) > limit:
        yield f"... and {len(seen) - limit} more: `cargo test --no-run` shows them"
