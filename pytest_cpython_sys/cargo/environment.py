"""The environment that cargo gives a test process.

See https://doc.rust-lang.org/cargo/reference/environment-variables.html
"""

from __future__ import annotations

import os.path
import sys
from typing import TYPE_CHECKING, Final

from .configuration import configured_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .build import Build
    from .cargo import Cargo
    from .metadata import Package, Target

__all__ = [
    "LIBRARY_PATH",
    "changes_answers",
    "inherited",
    "package_environment",
    "prepend_library_path",
    "process_environment",
]

LIBRARY_PATH: Final = {"darwin": "DYLD_FALLBACK_LIBRARY_PATH", "win32": "PATH"}.get(
    sys.platform, "LD_LIBRARY_PATH"
)
"""The variable with the directories in which the loader looks for libraries, as cargo sets it."""


_OURS: Final = "PYTEST_CPYTHON_SYS_"
# Variables by which another cargo is found, or the same answers otherwise.
_LOOKED_AT: Final = ("CARGO", "RUST", "PATH", "HOME")


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what cargo gets of an environment: all but what a run tells its own Pythons.

    A Rust test must fail where cargo's would.
    """
    return {name: environ[name] for name in environ if not name.startswith(_OURS)}


def changes_answers(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Tell whether cargo or rustc may answer otherwise in one environment than in another."""
    return any(name.startswith(_LOOKED_AT) for name in dict(before.items() ^ after.items()))


def prepend_library_path(env: dict[str, str], directories: Sequence[str]) -> None:
    """Put directories before those in which the loader looks for libraries."""
    old = env.get(LIBRARY_PATH)
    env[LIBRARY_PATH] = os.pathsep.join([*directories, *([old] if old else [])])


def _version_parts(version: str) -> dict[str, str]:
    """Return what cargo says of a package's version. What stands behind "+" has no variable.

    Not packaging's to read: it has other forms of pre-releases than https://semver.org
    """
    core, _, pre = version.partition("+")[0].partition("-")
    major, minor, patch = core.split(".")
    return {
        "CARGO_PKG_VERSION": version,
        "CARGO_PKG_VERSION_MAJOR": major,
        "CARGO_PKG_VERSION_MINOR": minor,
        "CARGO_PKG_VERSION_PATCH": patch,
        "CARGO_PKG_VERSION_PRE": pre,
    }


def package_environment(build: Build, package: Package) -> dict[str, str]:
    """Return the build's environment, and what cargo tells compilers and tests of a package."""
    env = dict(build.environment)
    env.update(configured_environment(build.environment, build.workspace.root))
    script = build.script(package.id)
    if script is not None:
        env.update(script.env)
        env["OUT_DIR"] = script.out_dir
    env.update(_version_parts(package.version))
    env["CARGO_MANIFEST_DIR"] = package.root
    env["CARGO_MANIFEST_PATH"] = package.manifest_path
    env["CARGO_PKG_NAME"] = package.name
    env.update({f"CARGO_PKG_{name}": value for name, value in package.about.items()})
    return env


def _library_directories(
    build: Build, executable: str, sysroot: str | None, host: str
) -> Iterator[str]:
    """Yield what cargo puts on the library path: only what lies in its own directories."""
    deps = os.path.dirname(executable)
    output = os.path.dirname(deps)
    seen = set()
    for script in build.scripts:
        for path in script.linked_paths:
            # "native=/path" or just "/path", as build scripts print it:
            # https://doc.rust-lang.org/cargo/reference/build-scripts.html#rustc-link-search
            kind, found, directory = path.partition("=")
            directory = directory if found and "/" not in kind else path
            if directory.startswith(output + os.sep) and directory not in seen:
                seen.add(directory)
                yield directory
    yield output
    yield deps
    if sysroot is not None:
        triple = build.target or host
        yield os.path.join(sysroot, "lib", "rustlib", triple, "lib")


def process_environment(
    build: Build,
    package: Package,
    target: Target,
    executable: str,
    *,
    cargo: Cargo,
) -> dict[str, str]:
    """Return the environment of a test binary: the build's own, and what cargo adds."""
    env = package_environment(build, package)
    sysroot = cargo.sysroot
    if sysroot is not None and cargo.is_proxy:
        # What rustup itself adds before it starts the real cargo.
        prepend_library_path(env, [os.path.join(sysroot, "lib")])
    if target.kind in ("test", "bench"):
        for artifact in build.artifacts:
            if (
                artifact.package_id == package.id
                and artifact.target.kind == "bin"
                and not artifact.test
                and artifact.executable
            ):
                env[f"CARGO_BIN_EXE_{artifact.target.name}"] = artifact.executable
    env["CARGO"] = cargo.path
    host = cargo.toolchain.host
    prepend_library_path(env, list(_library_directories(build, executable, sysroot, host)))
    return env
