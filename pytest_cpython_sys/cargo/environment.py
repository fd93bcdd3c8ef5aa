"""The environment that cargo gives a test process.

See https://doc.rust-lang.org/cargo/reference/environment-variables.html
"""

from __future__ import annotations

import os.path
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .build import Build
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


def _library_directories(build: Build, executable: str, sysroot: str | None) -> Iterator[str]:
    """Yield what cargo puts on the library path: only what lies in its own directories."""
    roots = (build.workspace.target_directory, build.workspace.build_directory)
    seen = set()
    for script in build.scripts:
        for path in script.linked_paths:
            # "native=/path": rustc's own kinds, https://doc.rust-lang.org/rustc/command-line-arguments.html#-l-add-a-directory-to-the-library-search-path
            kind, found, directory = path.partition("=")
            directory = directory if found and "/" not in kind else path
            inside = directory.startswith(roots) or os.path.dirname(executable).startswith(
                os.path.dirname(os.path.dirname(os.path.dirname(directory)))
            )
            if inside and directory not in seen:
                seen.add(directory)
                yield directory
    deps = os.path.dirname(executable)
    yield deps
    yield os.path.dirname(deps)
    if sysroot is not None:
        yield os.path.join(sysroot, "lib")


def process_environment(
    build: Build,
    package: Package,
    target: Target,
    executable: str,
    *,
    cargo: str,
    sysroot: str | None = None,
) -> dict[str, str]:
    """Return the environment of a test binary: the build's own, and what cargo adds."""
    env = dict(build.environment)
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
            "CARGO": cargo,
            "CARGO_MANIFEST_DIR": package.root,
            "CARGO_MANIFEST_PATH": package.manifest_path,
            "CARGO_PKG_NAME": package.name,
        }
    )
    for name, value in package.about.items():
        env[f"CARGO_PKG_{name}"] = value
    prepend_library_path(env, list(_library_directories(build, executable, sysroot)))
    return env
