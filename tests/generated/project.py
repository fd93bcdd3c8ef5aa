"""A whole project: its workspace, cargo's configuration, and what lies beside it."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import ClassVar, Final

from .model import Book, Node
from .programs import ATTRIBUTES
from .targets import Package, toml

__all__ = ["CONFIGURATIONS", "CONFTESTS", "Configuration", "Conftest", "Project"]

_HOST: Final = "x86_64-unknown-linux-gnu"
CONFIGURATIONS: Final[dict[str, str]] = {
    "flags": '[build]\nrustflags = ["--cfg", "flagged"]\n',
    "flags-of-host": f'[target.{_HOST}]\nrustflags = ["--cfg", "flagged"]\n',
    "flags-of-cfg": '[target.\'cfg(unix)\']\nrustflags = ["--cfg", "flagged"]\n',
    "flags-of-another": '[target.wasm32-unknown-unknown]\nrustflags = ["--cfg", "wasm"]\n',
    "flags-of-another-cfg": '[target.\'cfg(windows)\']\nrustflags = ["--cfg", "wasm"]\n',
    "target-directory": '[build]\ntarget-dir = "out"\n',
    "build-directory": '[build]\nbuild-dir = "intermediate"\n',
    "environment": '[env]\nFROM_CONFIGURATION = "yes"\n',
    "host-target": f'[build]\ntarget = "{_HOST}"\n',
    "quiet": "[term]\nquiet = true\n",
    "verbose": "[term]\nverbose = true\n",
}
CONFTESTS: Final[dict[str, str]] = {
    "keywords": (
        "def pytest_collection_modifyitems(items):\n"
        '    items[:] = [i for i in items if "rust" in i.keywords or i.path.suffix == ".py"]\n'
    ),
    "current-test": (
        "import os\n\n\n"
        "def pytest_configure(config):\n"
        "    global controls\n"
        '    workers = config.getoption("numprocesses", None)\n'
        '    controls = bool(workers) and not hasattr(config, "workerinput")\n\n\n'
        "def pytest_runtest_logreport(report):\n"
        '    if report.when == "call" and not controls:\n'
        '        assert report.nodeid in os.environ["PYTEST_CURRENT_TEST"], report.nodeid\n'
    ),
    "raising-checker": (
        "class Raising:\n"
        '    name = "raising"\n\n'
        "    def discover(self):\n"
        '        raise ValueError("a checker of a conftest")\n\n'
        "    def run(self, cases):\n"
        "        return iter(())\n\n\n"
        "def pytest_cpython_sys_checkers(contexts):\n"
        "    return [Raising()]\n"
    ),
}


@dataclass
class Configuration(Node):
    """Something in `.cargo/config.toml`."""

    how: str = "flags"
    transparent: ClassVar[bool] = False

    @property
    def tag(self) -> str:
        """Tell them apart."""
        return f"configuration:{self.how}"


@dataclass
class Conftest(Node):
    """A conftest file with a hook that other projects have, too."""

    how: str = "keywords"
    transparent: ClassVar[bool] = False

    @property
    def tag(self) -> str:
        """Tell them apart."""
        return f"conftest:{self.how}"


@dataclass
class Project(Node):
    """A directory with a workspace in it."""

    seed: int = 0
    layout: str = "single"
    """single, root-package, virtual, below-python."""
    resolver: str = "2"
    folder: str = "crates"
    """Where packages lie that are not the workspace's own."""
    transparent: ClassVar[bool] = False

    def tags(self) -> tuple[str, ...]:
        """Return how it is laid out, and what lies beside its packages."""
        beside = [child.tag for child in self.children if not isinstance(child, Package)]
        folder = [f"folder:{self.folder}"] if self.folder != "crates" else []
        return (f"layout:{self.layout}", f"resolver:{self.resolver}", *folder, *beside)

    @property
    def base(self) -> str:
        """Return the workspace's directory, relative to the project."""
        return "rust" if self.layout == "below-python" else ""

    def packages(self) -> list[Package]:
        """Return the packages; the first is the workspace's own, where it has one."""
        return [child for child in self.children if isinstance(child, Package)]

    def directory(self, package: Package) -> str:
        """Return a package's directory, relative to the project."""
        packages = self.packages()
        first = package is packages[0] and self.layout != "virtual"
        return posixpath.join(self.base, "" if first else f"{self.folder}/{package.name}").rstrip(
            "/"
        )

    def write_book(self, *, right: bool = False, sound: bool = False) -> Book:
        """Return all files; with right numbers in its blocks, without other errors."""
        book = Book(right=right, sound=sound)
        packages = self.packages()
        for package in packages:
            package.write_files(book, self.directory(package), self.tags())
        used = {how for hows in book.macros.values() for how in hows}
        attributes = bool(used & {"keep-attribute", "drop-attribute"})
        self._write_manifests(book, attributes=attributes)
        for package in packages:
            script = package.build_script(book)
            if script is not None:
                book.add(posixpath.join(self.directory(package), "build.rs"), script)
        self._write_beside(book)
        return book

    def _write_manifests(self, book: Book, *, attributes: bool) -> None:
        packages = self.packages()
        places = {package.name: self.directory(package) for package in packages}
        if attributes:
            places["attributes"] = posixpath.join(self.base, self.folder, "attributes")
            book.add(f"{places['attributes']}/src/lib.rs", ATTRIBUTES)
            manifest = '[package]\nname = "attributes"\nversion = "0.1.0"\nedition = "2021"\n'
            book.add(f"{places['attributes']}/Cargo.toml", manifest + "[lib]\nproc-macro = true\n")
        root = ["[profile.dev]", "debug = 0", "incremental = false"]
        if len(places) > 1 or self.layout == "virtual":
            members = [
                posixpath.relpath(place or ".", self.base or ".") for place in places.values()
            ]
            members = [member for member in members if member != "."]
            root += [
                "[workspace]",
                f"members = {toml(members)}",
                f"resolver = {toml(self.resolver)}",
            ]
        for package in packages:
            here = places[package.name]
            paths = {
                name: posixpath.relpath(place or ".", here or ".") for name, place in places.items()
            }
            calls = any(
                hows & {"keep-attribute", "drop-attribute"}
                for (owner, _, _), hows in book.macros.items()
                if owner == package.name
            )
            lines = package.manifest(book, paths, attributes=calls)
            if here == self.base:
                lines += root
                root = []
            book.add(posixpath.join(here, "Cargo.toml"), "\n".join(lines) + "\n")
        if root:
            book.add(posixpath.join(self.base, "Cargo.toml"), "\n".join(root) + "\n")

    def _write_beside(self, book: Book) -> None:
        tables: dict[str, list[str]] = {}
        conftest = []
        for child in self.children:
            if isinstance(child, Configuration):
                heading, _, rest = CONFIGURATIONS[child.how].partition("\n")
                tables.setdefault(heading, []).append(rest)
            elif isinstance(child, Conftest):
                conftest.append(CONFTESTS[child.how])
        if tables:
            text = "".join(f"{heading}\n{''.join(rests)}" for heading, rests in tables.items())
            book.add(posixpath.join(self.base, ".cargo/config.toml"), text)
        if conftest:
            book.add("conftest.py", "\n\n".join(conftest))
        if self.layout == "below-python":
            book.add("pyproject.toml", '[tool.pytest.ini_options]\ntestpaths = ["py", "rust"]\n')
            book.add("py/test_python.py", "def test_python():\n    pass\n")
        else:
            book.add("pytest.ini", "[pytest]\n")
