"""What decides which cargo or rustc answers, and which version of it.

Rustup's choice: https://rust-lang.github.io/rustup/overrides.html
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from ..files import read_bytes, upwards
from .marks import NotKeptError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .marks import Marks

__all__ = ["mark_toolchain"]

_PROGRAMS: Final = ("cargo", "rustc")
_FILES: Final = ("rust-toolchain", "rust-toolchain.toml")
_FALLBACK: Final = "/etc/rustup/settings.toml"


def mark_toolchain(marks: Marks, program: str, environ: Mapping[str, str], directory: str) -> None:
    """Mark all that decides what a program, started in a directory, says.

    Raises NotKeptError of a program that may be anything: a script, another manager's shim.
    """
    marks.stamp(program)
    if _is_rustup(program):
        _mark_choice(marks, environ, directory)
    elif not _is_real(program):
        raise NotKeptError(program)


def _is_rustup(program: str) -> bool:
    """Tell whether a program is rustup, under the name of one that it chooses."""
    beside = os.path.join(os.path.dirname(program), "rustup")
    try:
        return os.path.samefile(program, beside + os.path.splitext(program)[1])
    except OSError:
        return os.path.basename(os.path.realpath(program)).startswith("rustup")


def _is_real(program: str) -> bool:
    """Tell whether a program stands in a toolchain, and is none of a user's in its place."""
    real = os.path.realpath(program)
    folder, name = os.path.split(real)
    libraries = os.path.join(os.path.dirname(folder), "lib", "rustlib")
    return name.startswith(_PROGRAMS) and os.path.isdir(libraries) and read_bytes(real, 2) != b"#!"


def _mark_choice(marks: Marks, environ: Mapping[str, str], directory: str) -> None:
    """Mark what rustup chooses by, and all programs among which it does."""
    if os.sep in environ.get("RUSTUP_TOOLCHAIN", ""):
        raise NotKeptError("a toolchain by its path")
    for above in upwards(os.path.realpath(directory)):
        for name in _FILES:
            if b"path" in marks.content(os.path.join(above, name)):
                raise NotKeptError("a toolchain by its path")
    home = environ.get("RUSTUP_HOME") or os.path.join(os.path.expanduser("~"), ".rustup")
    marks.content(os.path.join(home, "settings.toml"))
    marks.content(_FALLBACK)
    toolchains = os.path.join(home, "toolchains")
    for toolchain in marks.names(toolchains, lambda _: True):
        for name in _PROGRAMS:
            program = os.path.join(toolchains, toolchain, "bin", name)
            marks.stamp(program + (".exe" if os.name == "nt" else ""))
