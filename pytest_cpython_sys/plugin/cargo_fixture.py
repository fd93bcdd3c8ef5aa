"""The cargo wrapper, bound to one project: what the fixture ``cargo`` gives."""

from __future__ import annotations

import sys
import threading
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from ..cargo import Cargo, CargoError
from ..extensions.extension import exports
from ..extensions.finder import ModuleFinder
from ..extensions.manifests import all_told
from ..extensions.place import ExtensionError, find_place
from ..extensions.stage import built_for_another
from ..late import dataclass
from ..project import Project
from ..python.build_environment import Surroundings
from ..python.checkout import target_python
from ..python.introspect import InterpreterError
from ..python.selection import fits_running, for_running, load_named
from ..rust.libraries import apart, collides
from ..rust.metadata import TABLE, MetadataError, read_policies
from .progress.build import shown_progress
from .settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import pytest

    from ..cargo import Build, BuildListener, BuildOptions, Package, Workspace
    from ..extensions.place import Place
    from ..python.interpreter import Interpreter
    from ..rust.context import Settings

__all__ = ["OtherPythonError", "Workshop", "open_workshop"]


class OtherPythonError(CargoError):
    """A module was built for another Python than the one that runs: it cannot be imported."""


@dataclass
class Workshop:
    """Cargo, in the workspaces of a project and with the settings of a run."""

    cargo: Cargo
    _directory: str
    _settings: Settings
    _builds: Sequence[Build]
    _interpreter: Interpreter | None
    _others: Sequence[Interpreter]
    _shown: Callable[[], AbstractContextManager[BuildListener | None]] = nullcontext
    """Shows a build to whoever waits for the test that asks for it."""

    @cached_property
    def workspaces(self) -> list[Workspace]:
        """The workspaces around and below rootdir. Raises CargoError."""
        if self._builds:
            return [build.workspace for build in self._builds]
        return [workspace for workspace, _, _ in self._loaded]

    @property
    def packages(self) -> list[Package]:
        """All their packages. Raises CargoError."""
        return [package for workspace in self.workspaces for package in workspace.packages]

    def package(self, name: str) -> Package:
        """Return a package by its name. Raises CargoError, which says what there is."""
        found = next((package for package in self.packages if package.name == name), None)
        if found is None:
            names = ", ".join(sorted(package.name for package in self.packages)) or "none"
            raise CargoError(f"the project has no package `{name}`; its packages are: {names}")
        return found

    def module_place(self, package: str, library: str, module: str | None = None) -> Place:
        """Return how the extension module of a built library is imported. Raises CargoError.

        ``module`` wins over what the manifests say of its name.
        """
        found = self.package(package)
        if found.library is None:
            raise CargoError("the package has no library: add src/lib.rs")
        try:
            read_policies(found.metadata)
            return find_place(found, library, exports(library, found.library.crate_name), module)
        except MetadataError as error:
            raise CargoError(f"{error} (in [{TABLE}] of {found.manifest_path})") from None
        except ExtensionError as error:
            raise CargoError(str(error)) from None
        except OSError as error:
            raise CargoError(f"{library} cannot be read: {error}") from None

    def found_module(self, package: str) -> str | None:
        """Return the full name of a package's module that this run has built for Python tests.

        Raises CargoError.
        """
        finder = next((one for one in sys.meta_path if isinstance(one, ModuleFinder)), None)
        if finder is None:
            return None
        names = (told.full_name for told in all_told(self.package(package)))
        return next((name for name in names if name in finder.modules.files), None)

    def cdylib(self, package: str, features: Sequence[str] = ()) -> str:
        """Return the path of a package's shared library, built if need be. Raises CargoError."""
        found = self.package(package)
        library = found.library
        if library is None or "cdylib" not in library.crate_types:
            raise CargoError(
                f'the library is not a cdylib: add `[lib] crate-type = ["cdylib", "rlib"]` to '
                f"{found.manifest_path}"
            )
        self._check_interpreter()
        alone = any(collides(one, found) for one in self.workspaces if one.package(found.id))
        for build in () if features or alone else self._builds:
            if path := build.shared_library(found):
                return self._for_running(path, build, found)
        build = self.build_library(found, features)
        if path := build.shared_library(found):
            return self._for_running(path, build, found)
        raise CargoError(f"cargo built no shared library:\n{build.words}")

    def build_library(self, package: Package, features: Sequence[str] = ()) -> Build:
        """Build a package's library as tests link it. Raises CargoError with cargo's words."""
        workspace, options, extra = next(
            entry for entry in self._loaded if entry[0].package(package.id) is not None
        )
        own = apart(options, workspace, package)
        with self._shown() as listener:
            build = self.cargo.build_library(
                *(workspace, package, own),
                features=features,
                extra_environment=extra,
                listener=listener,
            )
        if not build.success:
            errors = [item.rendered for item in build.diagnostics if item.is_error]
            raise CargoError("the package does not build:\n" + ("\n".join(errors) or build.words))
        return build

    def _check_interpreter(self) -> None:
        target = self._interpreter
        if target is not None and not fits_running(target):
            names = [f"{python.version} ({python.tag})" for python in (target, *self._others)]
            running = f"{sys.version_info.major}.{sys.version_info.minor}"
            which = "one of these Pythons" if self._others else "that Python"
            raise OtherPythonError(
                f"the module is built for Python {' and '.join(names)}, but Python {running} runs "
                f"this test: remove --cpython-sys-python, or run pytest with {which}"
            )

    def _for_running(self, path: str, build: Build, package: Package) -> str:
        """Return the path of a library if what the shell says makes it none of another Python."""
        python, host = self._interpreter, self.cargo.toolchain.host
        other = built_for_another(build, package, python, host) if python is not None else None
        if other is not None:
            raise OtherPythonError(other)
        return path

    @cached_property
    def _loaded(self) -> list[tuple[Workspace, BuildOptions, dict[str, str]]]:
        settings = replace(self._settings, package_globs=())
        surroundings = Surroundings(self._interpreter, named=bool(settings.pythons))
        project = Project(self.cargo, [self._directory], settings, surroundings)
        project.load()
        return list(project.build_arguments())


def open_workshop(config: pytest.Config) -> Workshop:
    """Return the wrapper for a run; what the plugin has built already is not built again."""
    settings = read_settings(config)
    session = config.pluginmanager.get_plugin("cpython_sys_session")
    try:
        place = str(config.rootpath)
        named = load_named(settings.pythons, partial(target_python, place))
        interpreters = [python.interpreter for python in named] or [target_python(place)]
    except InterpreterError:
        interpreters = []
    interpreter = for_running(interpreters) or next(iter(interpreters), None)
    others = [python for python in interpreters if python is not interpreter]
    builds = session.builds(interpreter) if session is not None else ()
    shown = partial(_shown_progress, config)
    return Workshop(Cargo(), str(config.rootpath), settings, builds, interpreter, others, shown)


def _shown_progress(config: pytest.Config) -> AbstractContextManager[BuildListener | None]:
    """Show a build where that is sure: output is captured for the thread that runs the tests."""
    is_main = threading.current_thread() is threading.main_thread()
    return shown_progress(config) if is_main else nullcontext()
