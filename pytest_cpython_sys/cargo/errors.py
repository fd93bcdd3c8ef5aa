"""What can go wrong with cargo, each with one clear message."""

from __future__ import annotations

import errno
import os

from ..late import regex
from .failures import first_error, without_backtrace

__all__ = [
    "CargoError",
    "CargoMissingError",
    "CargoTooOldError",
    "ManifestError",
    "ToolchainError",
    "not_started",
]

# As cargo points at a place in a manifest.
_LINE = regex(r"--> (?:\S*/)?Cargo\.toml:(\d+):\d+")
_INSTALL = (
    "Install Rust (https://rustup.rs, or your system's `cargo` package), or set ${} to its path"
)
_PERMIT = "Make it executable (`chmod +x`), or set ${} to another program"
_FORMAT = "It is not a program for this machine: set ${} to another one"
_FILES = "Raise the limit (`ulimit -n 4096`), and check which programs keep files open"
_MEMORY = "Close other programs, or raise the limit on memory or processes (`ulimit -a`)"
_REMEDIES = {
    errno.EACCES: _PERMIT,
    errno.EPERM: _PERMIT,
    errno.ENOEXEC: _FORMAT,
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EAGAIN: _MEMORY,
    errno.ENOMEM: _MEMORY,
}


class CargoError(Exception):
    """cargo cannot do its work. The message says why and what to do."""


class CargoMissingError(CargoError):
    """cargo or rustc was not found, or cannot be started."""


class CargoTooOldError(CargoError):
    """cargo is older than the oldest version that this package can use."""


class ManifestError(CargoError):
    """cargo rejects a manifest.

    ``manifest`` is its path, ``words`` is cargo's message.
    """

    _TEXT = "cargo refuses {}:\n{}"

    def __init__(self, manifest: str, words: str) -> None:
        self.manifest = manifest
        self.words = without_backtrace(words).strip()
        super().__init__(self._TEXT.format(manifest, self.words))

    @property
    def summary(self) -> str:
        """What cargo said, in one line."""
        return first_error(self.words) or self.words.partition("\n")[0]

    @property
    def line(self) -> int | None:
        """The line of the manifest that cargo names, counted from 1; None if it names none."""
        found = _LINE.search(self.words)
        return int(found[1]) if found is not None else None

    def __reduce__(self) -> tuple[type[ManifestError], tuple[str, str]]:
        """Rebuild from both arguments (the default would pass the message alone)."""
        return (type(self), (self.manifest, self.words))


class ToolchainError(ManifestError):
    """The Rust toolchain for a manifest's directory is not installed, or cannot be used.

    A ``rust-toolchain.toml``, an override of rustup or the variable ``RUSTUP_TOOLCHAIN`` selects
    the toolchain.
    """

    _TEXT = (
        "no cargo for {}: `cargo -V` fails in its directory. Install the toolchain that is chosen "
        "there (`rustup toolchain install`), or set RUSTUP_TOOLCHAIN to another one:\n{}"
    )


def not_started(
    program: str, error: OSError, name: str = "cargo", *, named: bool = False
) -> CargoMissingError:
    """Return what to say of a program that the system does not start, and what to do.

    ``name`` is what it is to its users: ``cargo``, ``rustc``. ``named``: the variable of that name
    has chosen it.
    """
    why = error.strerror or str(error)
    remedy = _REMEDIES.get(error.errno or 0, _INSTALL).format(name.upper())
    absent = error.errno in (None, errno.ENOENT, errno.ENOTDIR)
    if absent and named and not os.path.exists(program):
        problem = "does not exist" if os.path.dirname(program) else "is not on PATH"
        return CargoMissingError(
            f"no {name}: ${name.upper()} is {program}, which {problem}: correct it, or unset it"
        )
    subject = f"no {name}: {program}" if absent else program
    return CargoMissingError(f"{subject} cannot be started ({why}). {remedy}")
