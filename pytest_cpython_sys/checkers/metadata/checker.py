"""A package's own table that is wrong is an error, whichever check reads it."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Final

from ...case import Case, Checker, Verdict
from ...rust.metadata import CPYTHON, TABLE, MetadataError, check_name, fault
from ...rust.test_location import real_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...cargo import Package
    from ...rust.context import BuildContext
    from ...rust.metadata import Fault

__all__ = ["MetadataChecker"]

_LEVEL: Final = "@metadata"
_PATHS: Final = ("header", "include-dirs")
"""Keys whose files must be there; they are looked for whatever is wrong with other keys."""


class MetadataChecker(Checker):
    """``Cargo.toml::@metadata``: all that is wrong with ``[package.metadata.cpython-sys]``."""

    name = "metadata"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._verdicts: dict[str, Verdict] = {}

    def discover(self) -> Iterable[Case]:
        """Return a case for each selected package whose table is wrong."""
        for context in self._contexts:
            for package in context.packages:
                faults = _faults_of(package)
                if faults:
                    from ...rust.tables.places import faults_verdict

                    verdict = faults_verdict(faults, package.manifest_path)
                    self._verdicts[package.id] = verdict
                    yield Case(
                        file=real_path(package.manifest_path),
                        levels=(_LEVEL,),
                        kind="table",
                        checker=self.name,
                        package=package.name,
                        target="",
                        rust_test=_LEVEL,
                        line=verdict.location.line if verdict.location is not None else 1,
                        group=package.id,
                    )

    def warnings(self, *, verbose: bool) -> Iterator[str]:  # noqa: ARG002 - all of it is one line
        """Yield a warning for each workspace with a table that nobody reads."""
        for context in self._contexts:
            if CPYTHON in context.build.workspace.metadata:
                manifest = os.path.join(context.build.workspace.root, "Cargo.toml")
                yield (
                    f"{manifest}: [workspace.metadata.{CPYTHON}] is not read: write [{TABLE}] in "
                    "the Cargo.toml of each package"
                )

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield what is wrong with each table."""
        for case in cases:
            yield case, self._verdicts[case.group]


def _faults_of(package: Package) -> list[Fault]:
    """Return what is wrong with a package's table; its readers take long to import."""
    try:
        check_name(package.metadata)
    except MetadataError as error:
        return [*error.faults]
    if "cpython-sys" not in package.metadata:
        return []
    from ...c.headers import check_files
    from ...rust.tables.abi import read_abi
    from ...rust.tables.whole import faults_of

    faults = faults_of(package.metadata)
    table = package.metadata["cpython-sys"]
    paths = {key: table[key] for key in _PATHS if key in table} if isinstance(table, dict) else {}
    try:
        check_files(package, read_abi({"cpython-sys": paths}))
    except MetadataError as error:
        faults += [one for one in error.faults if one not in faults]
    return [*faults, *_without_a_library(package)]


def _without_a_library(package: Package) -> Iterator[Fault]:
    """Yield a fault for each key about a library that Python imports, if there is none."""
    table = package.metadata["cpython-sys"]
    kinds = package.library.crate_types if package.library is not None else ()
    if not isinstance(table, dict) or {"cdylib", "staticlib"} & {*kinds}:
        return
    promised = table.get("module")
    if isinstance(promised, dict) and promised.get("requires"):
        yield _no_library(package, "module", "requires")
    if table.get("calls"):
        yield _no_library(package, "calls")


def _no_library(package: Package, *keys: str) -> Fault:
    text = f"`{'.'.join(keys)}`: {package.name} has no library that Python can import"
    return fault(f'{text}: write crate-type = ["cdylib"] under [lib], or remove the key', *keys)
