"""Fixtures for Python tests: the cargo wrapper, and a project's own extension modules."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from .workshop import Workshop

__all__ = ["RustExtension", "cargo", "rust_extension"]


class RustExtension(Protocol):
    """What the fixture ``rust_extension`` gives: a function."""

    def __call__(
        self, package: str, *, module: str | None = None, features: Sequence[str] = ()
    ) -> ModuleType:
        """Build a package's cdylib and import it.

        ``module`` is the name to import it by (default: the crate's). Fails the test, with
        cargo's words, if it cannot be built or imported.
        """
        ...


@pytest.fixture(scope="session")
def cargo(pytestconfig: pytest.Config) -> Workshop:
    """Return the cargo wrapper, bound to the project that pytest runs in."""
    from .workshop import open_workshop

    return open_workshop(pytestconfig)


@pytest.fixture(scope="session")
def rust_extension(cargo: Workshop) -> RustExtension:
    """Return a function that builds a package's cdylib, once a session, and imports it."""
    from .cargo import CargoError
    from .workshop import OtherPythonError

    loaded: dict[tuple[str, str | None, tuple[str, ...]], ModuleType] = {}

    def load(
        package: str, *, module: str | None = None, features: Sequence[str] = ()
    ) -> ModuleType:
        key = (package, module, tuple(features))
        if key not in loaded:
            try:
                path = cargo.cdylib(package, features)
                name = module or cargo.module_name(package)
            except OtherPythonError as error:
                pytest.skip(f"rust_extension({package!r}): {error}")
            except CargoError as error:
                pytest.fail(f"rust_extension({package!r}): {error}", pytrace=False)
            loaded[key] = _import(name, path, package)
        return loaded[key]

    return load


def _import(name: str, path: str, package: str) -> ModuleType:
    """Import a shared library, whatever its file is called, as an extension module."""
    loader = importlib.machinery.ExtensionFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None  # noqa: S101 - a loader was given
    try:
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
    except ImportError as error:
        pytest.fail(
            f"rust_extension({package!r}): {os.path.basename(path)} was built, and cannot be "
            f"imported as `{name}`: {error}",
            pytrace=False,
        )
    sys.modules[name] = module
    return module
