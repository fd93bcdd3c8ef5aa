"""Python tests that import an extension module which nobody has installed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from ..cargo import Package
    from ..plan import Plan

__all__ = ["MissingModules"]

_MISSING: Final = re.compile(r"\bNo module named '(\w+)")


class MissingModules:
    """Remembers which modules test files did not find, and says what would make them."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def note(self, report: pytest.CollectReport) -> None:
        """Take note of a test file that cannot be imported."""
        if report.failed:
            self._names.update(_MISSING.findall(report.longreprtext))

    def lines(self, plan: Plan) -> Iterator[str]:
        """Yield two lines a package whose module was missed."""
        if not self._names:
            return
        packages = {
            package.id: package
            for build in plan.all_builds()
            for package in build.workspace.packages
        }
        for package in packages.values():
            name = _module(package)
            if name in self._names:
                yield f"{name} is the extension module of {package.name}, and not installed:"
                yield f'    install it (maturin develop), or use rust_extension("{package.name}")'


def _module(package: Package) -> str | None:
    """Return the outermost name by which a package's extension module is imported."""
    from ..extensions.manifests import told

    library = package.library
    if library is None or "cdylib" not in library.crate_types:
        return None
    word = told(package)
    name = word.name if word is not None and word.name is not None else library.crate_name
    return name.partition(".")[0]
