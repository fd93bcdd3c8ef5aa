"""The environment that cargo gives a test process.

See https://doc.rust-lang.org/cargo/reference/environment-variables.html
"""

from __future__ import annotations

import os.path
import sys
from typing import TYPE_CHECKING

from .configuration import configured_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .build import Build
    from .cargo import Cargo
    from .metadata import Package, Target

__all__ = ["LIBRARY_PATH", "prepend_library_path", "process_environment"]

LIBRARY_PATH = "DYLD_FALLBACK_LIBRARY_PATH" if sys.platform == "darwin" else "LD_LIBRARY_PATH"


def prepend_library_path(env: dict[str, str], directories: Sequence[str]) -> None:
    """Put directories before those in which the loader looks for libraries."""
    old = env.get(LIBRARY_PATH)
    env[LIBRARY_PATH] = os.pathsep.join([*directories, *([old] if old else [])])


def _version_parts(version: str) -> dict[str, str]:
    core, _, pre = version.partition("+")[0].partition("-")
    major, minor, patch = [*core.split("."), "0", "0"][:3]
    return {
        "CARGO_PKG_VERSION": version,
        "CARGO_PKG_VERSION_MAJOR": major,
        "CARGO_PKG_VERSION_MINOR": minor,
        "CARGO_PKG_VERSION_PATCH": patch,
        "CARGO_PKG_VERSION_PRE": pre,
    }


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
    env = dict(build.environment)
    env.update(configured_environment(build.environment, build.workspace.root))
    sysroot = cargo.sysroot
    if sysroot is not None and cargo.is_proxy:
        # What rustup itself adds before it starts the real cargo.
        prepend_library_path(env, [os.path.join(sysroot, "lib")])
    script = build.script(package.id)
    if script is not None:
        env.update(script.env)
        env["OUT_DIR"] = script.out_dir
    if target.kind in ("test", "bench"):
        for artifact in build.artifacts:
            if (
                artifact.package_id == package.id
                and artifact.target.kind == "bin"
                and not artifact.test
                and artifact.executable
            ):
                env[f"CARGO_BIN_EXE_{artifact.target.name}"] = artifact.executable
    env.update(_version_parts(package.version))
    env.update(
        {
            "CARGO": cargo.path,
            "CARGO_MANIFEST_DIR": package.root,
            "CARGO_MANIFEST_PATH": package.manifest_path,
            "CARGO_PKG_NAME": package.name,
        }
    )
    for name, value in package.about.items():
        env[f"CARGO_PKG_{name}"] = value
    host = cargo.toolchain.host
    prepend_library_path(env, list(_library_directories(build, executable, sysroot, host)))
    return env
