"""A real CPython: its sources, three builds of it, and throw-away checkouts with a workspace.

``python tests/cpython/build.py`` fetches and builds it (minutes, and 1 GB). Until somebody has run
that, all tests that need it are skipped with that reason; in CI they fail.
"""

from __future__ import annotations

import contextlib
import fcntl
import filecmp
import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..acceptance.conftest import _clean_environment, cargo_calls
from ..missing import missing
from .build import BUILDS, Trees, cache_directory, find_trees

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Checkout", "_clean_environment", "cargo_calls", "make_checkout", "place"]

WORKSPACE = Path(__file__).parent / "workspace"

# What ./configure writes to stands in real directories, so that it never gets into the sources.
_REAL_DIRECTORIES = ("Modules", "Misc", "Programs")


@pytest.fixture(scope="session")
def cpython_builds() -> Trees:
    """The source tree (``source``) and its builds: regular, free_threaded, debug (``builds``)."""
    cache = cache_directory()
    trees = find_trees(cache)
    if trees is None:
        missing("cpython", f"no CPython in {cache}: run `python tests/cpython/build.py`")
    return trees


@dataclass(frozen=True)
class Checkout:
    """A throw-away checkout of CPython with crates under ``Modules/``."""

    path: Path
    trees: Trees

    def add_build(self, name: str, place: str = "build") -> Path:
        """Make one of the builds reachable below the checkout."""
        path = self.path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(self.trees.builds[name])
        return path

    def configure(self) -> None:
        """Run ``./configure`` in the checkout itself, with what a build has found out already."""
        cache = self.trees.builds["regular"] / "config.cache"
        if cache.exists():
            shutil.copyfile(cache, self.path / "config.cache")
        subprocess.run(
            ["./configure", "-q", "-C"],
            cwd=self.path,
            check=True,
            timeout=1200,
            capture_output=True,
        )

    def write(self, name: str, text: str) -> Path:
        """Write a file below the checkout."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def add_module(self, name: str, files: dict[str, str]) -> Path:
        """Add a crate ``Modules/NAME`` to the workspace; its files by their paths below that."""
        for path, text in files.items():
            self.write(f"Modules/{name}/{path}", text)
        manifest = self.path / "Cargo.toml"
        text = manifest.read_text(encoding="utf-8")
        manifest.write_text(
            text.replace("members = [", f'members = [\n    "Modules/{name}",', 1), encoding="utf-8"
        )
        return self.path / "Modules" / name


def _wanted(source: Path) -> dict[str, Path]:
    """Return what a checkout is made of: the originals by their paths; files are copied."""
    wanted = {}
    for directory in ("", *_REAL_DIRECTORIES):
        for entry in (source / directory).iterdir():
            name = os.path.join(directory, entry.name)
            if name not in _REAL_DIRECTORIES and name != "build":
                wanted[name] = entry
    for path in WORKSPACE.rglob("*"):
        if path.is_file():
            wanted[str(path.relative_to(WORKSPACE))] = path
    return wanted


def make_checkout(path: Path, source: Path) -> None:
    """Make a checkout, or make one as new.

    Cargo goes by times: a file that somebody has changed since must look new when it is restored,
    and one that is as it was must keep its time.
    """
    path.mkdir(exist_ok=True)
    wanted = _wanted(source)
    parents = {str(parent) for name in wanted for parent in Path(name).parents}
    for root, directories, files in os.walk(path, topdown=False):
        for name in (*files, *directories):
            here = Path(root, name)
            relative = str(here.relative_to(path))
            if here.is_symlink() or not here.is_dir():
                if relative not in wanted:
                    here.unlink()
            elif relative not in parents:
                here.rmdir()
    for name, original in wanted.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if WORKSPACE in original.parents:
            if not target.exists() or not filecmp.cmp(original, target, shallow=False):
                target.unlink(missing_ok=True)
                shutil.copyfile(original, target)
        elif not (target.is_symlink() and target.readlink() == original):
            target.unlink(missing_ok=True)
            target.symlink_to(original)


@contextlib.contextmanager
def place(cache: Path) -> Iterator[tuple[Path, Path]]:
    """Yield a directory for a checkout and one for cargo, which nobody else uses meanwhile.

    Both are used again and again: bindgen takes half a minute to compile. The checkout is not below
    this repository, whose pytest settings would be found there.
    """
    mark = hashlib.sha1(os.fsencode(cache.resolve()), usedforsecurity=False).hexdigest()[:8]
    base = Path(tempfile.gettempdir()) / f"cpython-checkouts-{os.getuid()}-{mark}"
    base.mkdir(mode=0o700, exist_ok=True)
    for number in range(100):
        with (base / f"{number}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield base / f"checkout-{number}", cache / f"target-{number}"
            return
    raise AssertionError(f"everything in {base} is in use")


@pytest.fixture
def checkout(
    cpython_builds: Trees, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Checkout]:
    """A checkout without a build, as current directory; cargo builds where others did before."""
    with place(cache_directory()) as (path, target):
        make_checkout(path, cpython_builds.source)
        monkeypatch.setenv("CARGO_TARGET_DIR", str(target))
        monkeypatch.chdir(path)
        yield Checkout(path, cpython_builds)


@pytest.fixture(params=sorted(BUILDS))
def each_build(request: pytest.FixtureRequest) -> str:
    """The name of each build in turn."""
    return str(request.param)
