"""Finds extension modules where they were built, in each Python process of a run.

What there is to find stands in an environment variable, so that workers of pytest-xdist and Python
processes that tests start have it too: ``finder.pth``, installed beside this package, reads it when
they start. That costs every start of this Python a look at the environment and no more.
See https://docs.python.org/3/library/site.html for the file, and
https://docs.python.org/3/reference/import.html#the-meta-path for the finders.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

__all__ = [
    "VARIABLE",
    "ModuleFinder",
    "Modules",
    "install",
    "install_from_environment",
    "others",
    "uninstall",
]

VARIABLE = "PYTEST_CPYTHON_SYS_MODULES"


class Modules:
    """What there is to find."""

    # Written out: a dataclass would take longer to make than all the rest of this module.
    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        """The shared library of each module, by the full name of the module."""
        self.broken: dict[str, str] = {}
        """Why a module cannot be imported, though another one of its name may be installed."""
        self.paths: list[str] = []
        """Where Python packages lie that nobody has installed: they are looked for there last."""
        self.packages: dict[str, str] = {}
        """The ``__init__.py`` of packages that a build backend makes around a module."""
        self.versions: dict[str, str] = {}
        """Versions of distributions that are not installed: packages ask for their own."""
        self.parents: list[str] = []
        """Packages that hold nothing but a module: nobody has a directory for them."""

    def update(self, other: Modules) -> None:
        """Take on what others have; theirs wins."""
        for name in (*other.files, *other.broken):
            self.files.pop(name, None)
            self.broken.pop(name, None)
        self.files |= other.files
        self.broken |= other.broken
        self.packages |= other.packages
        self.versions |= other.versions
        self.paths += [path for path in other.paths if path not in self.paths]
        self.parents += [name for name in other.parents if name not in self.parents]

    def dump(self) -> str:
        """Return all of it as text."""
        return json.dumps(vars(self))

    @classmethod
    def load(cls, text: str) -> Modules:
        """Return what was dumped. Raises ValueError, TypeError, KeyError."""
        raw = json.loads(text)
        found = cls()
        found.files, found.broken = dict(raw["files"]), dict(raw["broken"])
        found.packages, found.versions = dict(raw["packages"]), dict(raw["versions"])
        found.paths, found.parents = list(raw["paths"]), list(raw["parents"])
        return found


class ModuleFinder:
    """Answers the full names of extension modules, and of packages that are made for one."""

    def __init__(self) -> None:
        self.modules = Modules()
        self.pending: set[str] = set()
        """Modules that are built when they are first imported."""
        self.words: dict[str, str] = {}
        """What is said once of a broken module, and not to all who import it."""
        self.build: Callable[[str], None] = self.pending.discard
        """Builds a pending module; what becomes of it then stands in ``modules``."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return where a module is. Raises ImportError where it is known that it does not work."""
        del path, target
        __tracebackhide__ = True  # pytest shows the import, and not what answers it
        if name in self.pending:
            self.pending.discard(name)  # what is started to build it may import it
            self.build(name)
        if name in self.modules.broken:
            raise ImportError(self.words.pop(name, self.modules.broken[name]), name=name)
        file, package = self.modules.files.get(name), self.modules.packages.get(name)
        if file is not None:
            spec = ModuleSpec(name, ExtensionFileLoader(name, file), origin=file)
        elif package is not None:
            loader = SourceFileLoader(name, package)
            spec = ModuleSpec(name, loader, origin=package, is_package=True)
            spec.submodule_search_locations = [os.path.dirname(package)]
        else:
            return None
        spec.has_location = True
        return spec

    def find_distributions(self, context: Any) -> Iterator[Any]:
        """Yield what is known of distributions that are not installed, to `importlib.metadata`."""
        if not self.modules.versions:
            return
        import re
        from importlib.metadata import Distribution

        class Uninstalled(Distribution):
            def __init__(self, name: str, version: str) -> None:
                self._text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"

            def read_text(self, filename: str) -> str | None:
                return self._text if filename == "METADATA" else None

            def locate_file(self, path: Any) -> Any:
                return path

        # https://packaging.python.org/en/latest/specifications/name-normalization/
        def normalized(name: str) -> str:
            return re.sub(r"[-_.]+", "-", name).lower()

        for name, version in self.modules.versions.items():
            if context.name is None or normalized(context.name) == normalized(name):
                yield Uninstalled(name, version)


class ParentFinder:
    """Answers for packages that hold nothing but a module, where nobody else knows of one."""

    def __init__(self, finder: ModuleFinder) -> None:
        self._finder = finder

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return an empty namespace package."""
        del path, target
        if name not in self._finder.modules.parents:
            return None
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = []
        return spec


def install(modules: Modules) -> ModuleFinder:
    """Let modules be found in this process and in those that it starts; return their finder."""
    finder = next((one for one in sys.meta_path if isinstance(one, ModuleFinder)), None)
    if finder is None:
        finder = ModuleFinder()
        sys.meta_path.insert(0, finder)
        sys.meta_path.append(ParentFinder(finder))
    finder.modules.update(modules)
    sys.path += (path for path in modules.paths if path not in sys.path)
    os.environ[VARIABLE] = finder.modules.dump()
    return finder


def uninstall() -> None:
    """Let nothing be found any more, here and in processes that are started from now on."""
    sys.meta_path[:] = others(sys.meta_path)
    os.environ.pop(VARIABLE, None)


def others(finders: Iterable[Any]) -> list[Any]:
    """Return the finders that are not ours."""
    return [one for one in finders if not isinstance(one, (ModuleFinder, ParentFinder))]


def install_from_environment() -> None:
    """Let the modules be found that the process which started this one has told of."""
    text = os.environ.get(VARIABLE)
    if text:
        try:
            modules = Modules.load(text)
        except (ValueError, TypeError, KeyError, AttributeError):
            return  # not ours: a Python must start all the same
        install(modules)
