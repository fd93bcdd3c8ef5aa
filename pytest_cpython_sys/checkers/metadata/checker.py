"""A package's own table that is wrong is an error, whichever check reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...case import Case, Checker, Verdict
from ...rust.metadata import MetadataError, check_name, fault
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
    return [*faults, *_unkept_promises(package)]


def _unkept_promises(package: Package) -> Iterator[Fault]:
    """Yield a fault if what cannot be imported promises something."""
    table = package.metadata["cpython-sys"]
    promised = table.get("module") if isinstance(table, dict) else None
    if not isinstance(promised, dict) or not promised.get("requires"):
        return
    kinds = package.library.crate_types if package.library is not None else ()
    if not {"cdylib", "staticlib"} & {*kinds}:
        yield fault(
            f"`module.requires`: {package.name} has no library that Python can import: "
            'write crate-type = ["cdylib"] under [lib], or remove `requires`',
            *("module", "requires"),
        )
