"""Fixtures for Python tests: the cargo wrapper, and a project's own extension modules."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from ..extensions.place import Place
    from .cargo_fixture import Workshop

__all__ = ["RustExtension", "cargo", "rust_extension"]


class RustExtension(Protocol):
    """What the fixture ``rust_extension`` gives: a function."""

    def __call__(
        self, package: str, *, module: str | None = None, features: Sequence[str] = ()
    ) -> ModuleType:
        """Build a package's cdylib and import it.

        ``module`` is the name under which to import it. The default is the name in a manifest if
        the library exports a module of that name, else the one name that the library exports. A
        module inside a Python package is imported together with that package. If the module cannot
        be built or imported, the test fails with cargo's message.
        """
        ...


@pytest.fixture(scope="session")
def cargo(pytestconfig: pytest.Config) -> Workshop:
    """Return the cargo wrapper, bound to the project that pytest runs in."""
    from .cargo_fixture import open_workshop

    return open_workshop(pytestconfig)


@pytest.fixture(scope="session")
def rust_extension(cargo: Workshop) -> RustExtension:
    """Return a function that builds a package's cdylib once per session and imports it."""
    from ..cargo import CargoError
    from ..extensions.probe.common import loader_words
    from .cargo_fixture import OtherPythonError

    loaded: dict[tuple[str, str | None, tuple[str, ...]], ModuleType] = {}

    def load(
        package: str, *, module: str | None = None, features: Sequence[str] = ()
    ) -> ModuleType:
        key = (package, module, tuple(features))
        if key not in loaded:
            try:
                known = None if module or features else cargo.found_module(package)
                if known is not None:  # there is to be one of it
                    return importlib.import_module(known)
                path = cargo.cdylib(package, features)
                place = cargo.module_place(package, path, module)
            except OtherPythonError as error:
                pytest.skip(f"rust_extension({package!r}): {error}")
            except CargoError as error:
                pytest.fail(f"rust_extension({package!r}): {error}", pytrace=False)
            try:
                loaded[key] = _import(place, path)
            except ImportError as error:
                why = loader_words(str(error), error.path)
                remark = f" ({place.remark})" if place.remark else ""
                words = f"rust_extension({package!r}): cannot import `{place.name}`: {why}{remark}"
                # pytest would show the error that is handled here above this one.
                raise pytest.fail.Exception(words, pytrace=False) from None
        return loaded[key]

    return load


def _spec(name: str, path: str) -> ModuleSpec:
    loader = importlib.machinery.ExtensionFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None  # noqa: S101 - a loader was given
    return spec


class _Finder:
    """Finds one extension module, whatever its file is called and wherever an older one lies."""

    def __init__(self, name: str, path: str) -> None:
        self._name, self._path = name, path

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return where a module is, if it is the one that was built."""
        del path, target
        return _spec(name, self._path) if name == self._name else None


def _import(place: Place, path: str) -> ModuleType:
    """Import a shared library, whatever its file is called, as an extension module."""
    name = place.name
    if "." not in name or name in sys.modules:
        spec = _spec(name, path)
        module = importlib.util.module_from_spec(spec)
        assert spec.loader is not None  # noqa: S101 - a loader was given
        spec.loader.exec_module(module)
    else:
        module = _import_within(name, path, place.source)
    sys.modules[name] = module
    return module


def _import_within(name: str, path: str, source: str | None) -> ModuleType:
    """Import a module with the packages around it, which may import it in their turn."""
    finder = _Finder(name, path)
    sys.meta_path.insert(0, finder)
    if source is not None:
        sys.path.append(source)
    try:
        return importlib.import_module(name)
    finally:
        sys.meta_path.remove(finder)
        if source is not None:
            sys.path.remove(source)
