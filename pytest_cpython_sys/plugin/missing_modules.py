"""Python files that import an extension module which is not there, and what would bring it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from ..late import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..cargo import Cargo, Package
    from ..extensions.told import Told

__all__ = ["MissingModules", "explain_import_error", "missed_names"]

# What Python says of a module, or of a name in a package, that it does not find.
_MISSED: Final = (
    regex(r"\bNo module named '(?P<name>[\w.]+)'"),
    regex(
        r"\bcannot import name '(?P<name>\w+)' from (?:partially initialized module )?"
        r"'(?P<package>[\w.]+)'"
    ),
    regex(r"\bmodule '(?P<package>[\w.]+)'(?: from '[^']*')? has no attribute '(?P<name>\w+)'"),
)
_NO_TEST: Final = (
    "no test ran: add --continue-on-collection-errors to run the tests that were collected"
)
_NO_CONFTEST: Final = (
    "to run the Rust tests anyway, add --noconftest --continue-on-collection-errors"
)


class MissingModules:
    """Remembers which modules test files did not find, and says what would bring them."""

    def __init__(self, config: pytest.Config, cargo: Cargo) -> None:
        self._config = config
        self._cargo = cargo
        self._names: set[str] = set()
        self._failed = False
        self.has_run = False
        """Whether any test has."""

    def note(self, report: pytest.CollectReport) -> None:
        """Take note of a test file that cannot be imported."""
        if report.failed:
            self._failed = True
            self._names.update(missed_names(report.longreprtext))

    @property
    def kept_from_running(self) -> bool:
        """Whether no test has run, as a file could not be collected."""
        return self._failed and not (self.has_run or self._config.option.collectonly)

    def lines(self) -> list[str]:
        """Return what would bring the modules that were missed, and what would run the rest."""
        found = _hints(self._config, self._cargo, self._names) if self._names else []
        return [*found, _NO_TEST] if self.kept_from_running else found


def missed_names(text: str) -> Iterator[str]:
    """Yield the full names of what Python says it does not find."""
    for pattern in _MISSED:
        for match in pattern.finditer(text):
            yield ".".join(filter(None, (match.groupdict().get("package"), match["name"])))


def explain_import_error(error: Exception, config: pytest.Config, cargo: Cargo) -> None:
    """Let an exception that a conftest file raised say what would bring the module it misses."""
    cause: BaseException = getattr(error, "cause", error)
    known: BaseException | None = cause
    names: set[str] = set()
    while known is not None:
        names.update(
            missed_names(str(known)) if isinstance(known, (ImportError, AttributeError)) else ()
        )
        known = known.__cause__ or known.__context__
    lines = _hints(config, cargo, names) if names else []
    for line in [*lines, _NO_CONFTEST] if lines else ():
        cause.add_note(line)


class _Module(NamedTuple):
    name: str
    package: Package
    told: Told | None

    def is_missed(self, names: Iterable[str]) -> bool:
        """Tell whether it is one of the names, lies below one, or one is looked for in it."""
        return any(
            f"{self.name}.".startswith(f"{name}.") or name.startswith(f"{self.name}.")
            for name in names
        )


def _hints(config: pytest.Config, cargo: Cargo, names: Iterable[str]) -> list[str]:
    """Return lines for each extension module around here that was missed and is not there."""
    from ..cargo import CargoError
    from ..python.introspect import InterpreterError

    try:
        modules = [one for one in _modules(config, cargo) if one.is_missed(names)]
    except (CargoError, InterpreterError, pytest.UsageError):
        return []  # the run itself says so
    here = str(config.invocation_params.dir)
    return [line for one in modules for line in _hint(one, here)]


def _modules(config: pytest.Config, cargo: Cargo) -> Iterator[_Module]:
    """Yield the extension modules of the projects around what was selected."""
    from ..extensions.manifests import told_of_modules
    from ..project import Project
    from .modules.early import EarlyConfig, project_roots
    from .settings import read_settings

    early = EarlyConfig(config)
    project = Project(cargo, project_roots(early), read_settings(early), base=str(config.rootpath))
    project.load()
    for workspace in project.workspaces:
        for package, library, told in told_of_modules(workspace.packages):
            name = told.full_name if told is not None else None
            yield _Module(name or library.crate_name, package, told)


def _hint(module: _Module, here: str) -> Iterator[str]:
    """Yield what would bring a module; nothing if it is there, or others say why it is not."""
    from ..extensions.finder import ModuleFinder
    from ..extensions.installed import find_installed

    name, package, told = module
    finder = next((one for one in sys.meta_path if isinstance(one, ModuleFinder)), None)
    if finder is not None and name in {*finder.modules.files, *finder.modules.broken}:
        return
    installed = find_installed(name, told)
    if installed is not None and installed.fits:
        return
    if installed is not None and not installed.file:
        owner = (told and told.distribution) or package.name
        yield f"{name} is missing from the installed package {owner}:"
    elif installed is not None:
        yield f"{name} is installed for another Python:"
        yield f"    {os.path.basename(installed.file)}"
    else:
        yield f"{name}, the extension module of {package.name}, is not installed:"
    is_project = told is not None and _is_project(told.directory)
    if told is not None and is_project:
        command = told.command(editable=installed is None)
        where = os.path.relpath(told.directory, here)
        yield f"    to install it, run `{command}`{'' if where == os.curdir else f' in {where}'}"
    if finder is None and installed is None and (told is None or told.bindings == "pyo3"):
        yield '    to let pytest build it, set cpython_sys_extensions = "auto"'
    elif not is_project:
        call = f'rust_extension("{package.name}")'
        yield f"    to build and import it in a test, use the fixture rust_extension: {call}"


def _is_project(directory: str) -> bool:
    """Tell whether there is something to install."""
    names = ("pyproject.toml", "setup.py")
    return any(os.path.isfile(os.path.join(directory, name)) for name in names)
