"""A package's own table that cannot be used is an error, whichever check would have read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...case import Case, Checker, Verdict
from ...rust.metadata import MetadataError, check_name, raw_table
from ...rust.test_location import real_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
