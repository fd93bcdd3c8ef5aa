"""A package's own table that is wrong is an error, whichever check reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...case import Case, Checker, Verdict
from ...rust.metadata import TABLE, MetadataError, check_name, raw_table
from ...rust.test_location import real_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...cargo import Package
    from ...rust.context import BuildContext

__all__ = ["MetadataChecker"]

_LEVEL: Final = "@metadata"


class MetadataChecker(Checker):
    """``Cargo.toml::@metadata``: what no check of ``[package.metadata.cpython-sys]`` reads."""

    name = "metadata"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts

    def discover(self) -> Iterable[Case]:
        """Return a case for each selected package whose table is wrong."""
        for context in self._contexts:
            for package in context.packages:
                try:
                    raw_table(package.metadata)
                    check_name(package.metadata)
                    _check_promises(package)
                except MetadataError as error:
                    yield Case(
                        file=real_path(package.manifest_path),
                        levels=(_LEVEL,),
                        kind="table",
                        checker=self.name,
                        package=package.name,
                        target="",
                        rust_test=_LEVEL,
                        group=str(error),
                    )

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield what is wrong with each table."""
        for case in cases:
            yield case, Verdict("error", message=case.group)


def _check_promises(package: Package) -> None:
    """Raise MetadataError if what cannot be imported promises something."""
    promised = raw_table(package.metadata).get("module")
    if not isinstance(promised, dict) or not promised.get("requires"):
        return
    kinds = package.library.crate_types if package.library is not None else ()
    if not {"cdylib", "staticlib"} & {*kinds}:
        raise MetadataError(
            f"{TABLE}.module.requires: {package.name} has no library that Python can import: "
            'write crate-type = ["cdylib"] under [lib], or remove `requires`'
        )
