"""The one rule for a module's name: the manifest's word, if the library exports that module.

Else it is the one name that the built library exports: Python finds a module by ``PyInit_NAME``.
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Final

from ..late import dataclass
from ..rust.metadata import TABLE
from .manifests import all_told
from .told import leads_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..cargo import Package
    from .manifests import Told

__all__ = ["ExtensionError", "NoModuleError", "Place", "find_place", "module_names"]


_EXPORT: Final = (
    "with pyo3, write #[pymodule] fn {0}; without it, "
    '#[unsafe(no_mangle)] pub extern "C" fn PyInit_{0}()'
)


class ExtensionError(Exception):
    """There is no module to import: the message says why, and what to do."""


class NoModuleError(ExtensionError):
    """A library exports no module, or not the one that is asked for."""


@dataclass(frozen=True)
class Place:
    """The dotted name of a module, and the directory in which the package around it lies."""

    name: str
    source: str | None = None
    remark: str = ""
    """One line, if a manifest says another name, or what cannot be."""

    @property
    def parts(self) -> list[str]:
        """The names of the packages, and that of the module."""
        return self.name.split(".")


def module_names(functions: Iterable[str]) -> list[str]:
    """Return the names of the modules that Python would find by these functions."""
    return list(dict.fromkeys(name.partition("_")[2] for name in functions))


def find_place(
    package: Package, library: str, functions: Iterable[str], module: str | None = None
) -> Place:
    """Return how the module of a built library is imported. Raises ExtensionError.

    ``functions`` are those that it exports; ``module`` is a name that wins over the manifests'.
    """
    names = module_names(functions)
    words = all_told(package, module)
    for told in words:
        if told.name is not None and told.name.rpartition(".")[2] in names:
            return Place(told.name, told.source, told.problem)
    asked = next((one.name for one in words if leads_to(one.manifest, package)), None)
    exported = f"{os.path.basename(library)} exports {_listed(names)}"
    if asked is not None:
        last = asked.rpartition(".")[2]
        advice = f'write module = "{names[0]}"' if names else _EXPORT.format(last)
        raise NoModuleError(f'{exported}, but the manifest names the module "{asked}": {advice}')
    said = _said(words)
    crate = package.library.crate_name if package.library is not None else None
    if crate in names and len(names) > 1 and not said:
        return Place(crate)  # the name that cargo's own manifest says
    if len(names) == 1:
        return Place(
            names[0], remark=f"{said}, but {exported}: write one name in both" if said else ""
        )
    exported = f"{exported}{f', but {said}' if said else ''}"
    if not names:
        raise NoModuleError(f"{exported}: {_EXPORT.format('NAME')}")
    where = f'in [{TABLE}], or use the fixture: rust_extension("{package.name}", module=...)'
    raise ExtensionError(f'{exported}: choose one with module = "{names[0]}" {where}')


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "no module (no PyInit_NAME)"
    functions = ", ".join(f"PyInit_{name}" for name in names)
    return functions if len(names) == 1 else f"several modules: {functions}"


def _said(words: Iterable[Told]) -> str:
    """Return the names that manifests say, in a clause."""
    named = [told for told in words if told.name is not None and told.bindings == "pyo3"]
    if not named:
        return ""
    names = " and ".join(str(told.name) for told in named)
    return f"{os.path.basename(named[0].manifest)} names {names}"
