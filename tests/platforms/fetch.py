"""Fetches a second Rust toolchain, and Python's headers, for machines of another kind.

    python -m tests.platforms.fetch

All packages are Debian's, fetched with apt in a configuration of its own and unpacked in a cache;
nothing is installed. C compiler and linker are those of the wheel ``ziglang``, fetched with pip. It
is all kept where CPython is for the tests of ``tests/cpython``, in ``platforms`` (about 1.8 GB).

Exit code 1, with one line that says why, where it cannot be done.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..cpython.build import FetchError, archive_stanza, cache_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["TARGETS", "Toolchain", "configure_apt", "fill", "find_toolchain", "run_step"]

# Rust's name, with Debian's of the architecture and zig's of the target.
TARGETS: Final = {
    "i686-unknown-linux-gnu": ("i386", "x86-linux-gnu"),
    "aarch64-unknown-linux-gnu": ("arm64", "aarch64-linux-gnu"),
    "s390x-unknown-linux-gnu": ("s390x", "s390x-linux-gnu"),
}
_SUITE: Final = "bookworm"
_RUST: Final = ("rustc-web", "libstd-rust-web-1.85", "libllvm19", "libstd-rust-web-dev")
_PYTHON: Final = "libpython3.11-dev"
_ZIG: Final = "ziglang==0.17.*"
# An emulator, and what programs of its machine load. The others are compiled alone.
_EMULATED: Final = "aarch64-unknown-linux-gnu"
_LOADED: Final = ("libc6", "libgcc-s1")
_LIMIT: Final = 1800
_TOOL: Final = """#!/bin/sh
LD_LIBRARY_PATH={root}/rust/usr/lib/x86_64-linux-gnu exec {root}/rust/usr/bin/{name} "$@"
"""
_LINKER: Final = """#!/bin/sh
PYTHONPATH={root}/zig exec python3 -m ziglang cc -target {target} "$@"
"""


@dataclass(frozen=True)
class Toolchain:
    """Where everything is."""

    root: Path

    def environment(self, target: str) -> dict[str, str]:
        """Return the variables that make cargo and the C side use it for a target."""
        name = target.replace("-", "_")
        search = os.pathsep.join(
            filter(None, (str(self.root / "zig"), os.environ.get("PYTHONPATH")))
        )
        return {
            "RUSTC": str(self.root / "bin" / "rustc"),
            "RUSTDOC": str(self.root / "bin" / "rustdoc"),
            "PYTHONPATH": search,
            f"CC_{name}": f"{sys.executable} -m ziglang cc -target {TARGETS[target][1]}",
        }

    def linker(self, target: str) -> dict[str, str]:
        """Return the variable that lets cargo link for a target."""
        name = target.upper().replace("-", "_")
        return {f"CARGO_TARGET_{name}_LINKER": str(self.root / "bin" / f"ld-{target}")}

    def runner(self, target: str) -> dict[str, str]:
        """Return the variable that lets cargo run programs of a target."""
        name = target.upper().replace("-", "_")
        emulator = self.root / "qemu" / "usr" / "bin" / f"qemu-{target.partition('-')[0]}-static"
        return {f"CARGO_TARGET_{name}_RUNNER": f"{emulator} -L {self.sysroot(target)}"}

    def sysroot(self, target: str) -> Path:
        """Return the directory that a platform's Python was unpacked in."""
        return self.root / "sysroots" / TARGETS[target][0]


def toolchain_directory() -> Path:
    """Return the directory that holds everything."""
    return (cache_directory() / "platforms").absolute()


def find_toolchain() -> Toolchain | None:
    """Return the toolchain if it is complete."""
    root = toolchain_directory()
    return Toolchain(root) if (root / "complete").is_file() else None


def _fetch(root: Path) -> None:
    for tool in ("apt-get", "dpkg-deb", "dpkg"):
        if shutil.which(tool) is None:
            raise FetchError(f"no {tool} on this machine: the packages are Debian's")
    own = run_step(["dpkg", "--print-architecture"], root).strip()
    if own != "amd64":
        raise FetchError(f"this machine is {own}: the toolchain is one that runs on amd64")
    config = configure_apt(root, _SUITE, [name for name, _ in TARGETS.values()])
    environment = {**os.environ, "APT_CONFIG": str(config), "LC_ALL": "C"}
    run_step(["apt-get", "-q", "update"], root, environment)
    packages = {f"{name}:amd64": root / "rust" for name in _RUST}
    packages["qemu-user-static:amd64"] = root / "qemu"
    for architecture, _ in TARGETS.values():
        packages[f"libstd-rust-web-dev:{architecture}"] = root / "rust"
        packages[f"{_PYTHON}:{architecture}"] = root / "sysroots" / architecture
    emulated = TARGETS[_EMULATED][0]
    packages |= {f"{name}:{emulated}": root / "sysroots" / emulated for name in _LOADED}
    debs = root / "debs"
    debs.mkdir(exist_ok=True)
    run_step(["apt-get", "-q", "download", *packages], debs, environment)
    for package, place in packages.items():
        name, _, architecture = package.partition(":")
        (deb,) = debs.glob(f"{name}_*_{architecture}.deb")
        place.mkdir(parents=True, exist_ok=True)
        run_step(["dpkg-deb", "-x", str(deb), str(place)], root)
    shutil.rmtree(debs)
    shutil.rmtree(root / "apt")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target"]
    run_step([*pip, str(root / "zig"), _ZIG], root)
    _write_programs(root)
    run_step([str(root / "bin" / "rustc"), "-vV"], root)


def configure_apt(root: Path, suite: str, architectures: Sequence[str] = ()) -> Path:
    """Write a configuration, state and cache for apt that leave the system's alone.

    With ``architectures`` beside this machine's.
    """
    apt = root / "apt"
    for name in ("state/lists/partial", "cache/archives/partial", "sources"):
        (apt / name).mkdir(parents=True)
    lines = []
    for line in archive_stanza(Path("/etc/apt")).splitlines():
        field = line.partition(":")[0]
        lines.append({"types": "types: deb", "suites": f"suites: {suite}"}.get(field, line))
    (apt / "sources" / "debian.sources").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = {
        "Dir::State": apt / "state",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": apt / "cache",
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": apt / "sources",
        "APT::Architecture": "amd64",
        "Acquire::Retries": "3",
    }
    if os.geteuid() == 0:
        settings["APT::Sandbox::User"] = "root"  # Another user may not write here.
    known = " ".join(f'"{name}";' for name in ("amd64", *architectures))
    text = "".join(f'{name} "{value}";\n' for name, value in settings.items())
    config = apt / "apt.conf"
    config.write_text(f"{text}APT::Architectures {{ {known} }};\n", "utf-8")
    return config


def _write_programs(root: Path) -> None:
    programs = {name: _TOOL.format(root=root, name=name) for name in ("rustc", "rustdoc")}
    for target, (_, zig) in TARGETS.items():
        programs[f"ld-{target}"] = _LINKER.format(root=root, target=zig)
    (root / "bin").mkdir()
    for name, text in programs.items():
        path = root / "bin" / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)


def run_step(
    command: Sequence[str], directory: Path, environment: dict[str, str] | None = None
) -> str:
    """Run one step, and return what it printed. Raises FetchError."""
    sys.stdout.write(f"{' '.join(command)}\n")
    sys.stdout.flush()
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FetchError(f"{command[0]} has not ended after {_LIMIT} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        words = next((line for line in lines if line.startswith(("E: ", "ERROR"))), None)
        shown = words or (lines or ["it said nothing"])[-1]
        raise FetchError(f"{os.path.basename(command[0])} failed ({shown})")
    return done.stdout


def fill(root: Path, fetch: Callable[[Path], None]) -> bool:
    """Make a directory anew and fetch what is to be in it; say why if that cannot be done."""
    try:
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        fetch(root)
        (root / "complete").touch()
    except FetchError as error:
        sys.stderr.write(f"{error}\n")
        return False
    except OSError as error:
        sys.stderr.write(f"{error.filename or root}: {error.strerror or error}\n")
        return False
    return True


def main() -> int:
    """Do what is missing; return the exit code."""
    root = toolchain_directory()
    if find_toolchain() is None and not fill(root, _fetch):
        return 1
    sys.stdout.write(f"{root}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
