"""The exact environment of each test process, as cargo itself gives it.

Cargo is asked to run the tests that were just built, with a program in front of them that notes
its environment and starts nothing: ``CARGO_TARGET_<TRIPLE>_RUNNER``, see
https://doc.rust-lang.org/cargo/reference/config.html#targettriplerunner
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from .command import recording_arguments
from .configuration import configuration_files, configured_runner
from .environment import process_environment
from .process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .build import Build
    from .command import BuildOptions
    from .wrapper import Cargo

__all__ = ["TestProcess", "runner_variable", "test_processes"]

# In cargo's own order of calls, a process after the other: the process id is a fine name.
_RECORDER = """#!/bin/sh
here=${0%/*}
if [ -r /proc/$$/environ ]; then cat /proc/$$/environ; else env -0; fi > "$here/$$.environ"
printf '%s\\0%s\\0' "$1" "$(pwd -P)" > "$here/$$.called"
"""
_KEPT = 20


@dataclass(frozen=True, slots=True)
class TestProcess:
    """How cargo starts a test executable; what it sets and unsets is relative to the build's own.

    ``runner`` is the program that the user's configuration puts in front, with its arguments.
    """

    __test__ = False  # not a pytest class

    executable: str
    cwd: str
    sets: Mapping[str, str] = field(repr=False)
    unsets: tuple[str, ...] = ()
    runner: tuple[str, ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        """The command's first words."""
        return (*self.runner, self.executable)

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return the whole environment; ``base`` is that of the build."""
        env = {name: value for name, value in base.items() if name not in self.unsets}
        return {**env, **self.sets}


def runner_variable(triple: str) -> str:
    """Return the name of the variable that holds a target's runner."""
    return f"CARGO_TARGET_{triple.upper().replace('-', '_').replace('.', '_')}_RUNNER"


def test_processes(cargo: Cargo, build: Build, options: BuildOptions) -> dict[str, TestProcess]:
    """Return how cargo would start each test executable of a build, by its path.

    What cargo cannot be asked about (a target beside one that does not build) is imitated.
    """
    wanted = [artifact.executable for artifact in build.artifacts if artifact.test]
    executables = [path for path in wanted if path]
    if not executables:
        return {}
    triple = build.target or cargo.toolchain.host
    runner = configured_runner(
        build.environment,
        build.workspace.root,
        triple,
        options.extra,
        lambda: cargo.rustc_cfg(build.workspace, build.target),
    )
    base = options.target_dir or build.workspace.target_directory
    base = os.path.join(build.workspace.root, base)
    cache = os.path.join(base, "cpython-sys", "environments", f"{_key(cargo, build)}.json")
    found = _cached(cache, runner)
    if found is None:
        found = dict(_record(cargo, build, options, runner_variable(triple), runner))
        if set(executables) <= set(found):
            _keep(cache, found)
    for path in executables:
        if path not in found:
            found[path] = _imitated(cargo, build, path, runner)
    return found


def _imitated(cargo: Cargo, build: Build, path: str, runner: tuple[str, ...]) -> TestProcess:
    artifact = next(artifact for artifact in build.artifacts if artifact.executable == path)
    package = build.workspace.package(artifact.package_id)
    if package is None:
        return TestProcess(path, build.workspace.root, {}, runner=runner)
    env = process_environment(build, package, artifact.target, path, cargo=cargo)
    sets = {name: value for name, value in env.items() if build.environment.get(name) != value}
    return TestProcess(path, package.root, sets, runner=runner)


def _record(
    cargo: Cargo, build: Build, options: BuildOptions, variable: str, runner: tuple[str, ...]
) -> Iterator[tuple[str, TestProcess]]:
    """Let cargo start the recorder for each executable. Yields nothing where that fails."""
    arguments = recording_arguments(options, build.unbroken_flags())
    if sys.platform == "win32" or arguments is None:
        return
    with tempfile.TemporaryDirectory(prefix="cpython-sys-") as directory:
        recorder = os.path.join(directory, "record")
        with open(recorder, "w", encoding="utf-8") as file:
            file.write(_RECORDER)
        os.chmod(recorder, 0o700)
        env = {**build.environment, variable: recorder}
        with contextlib.suppress(OSError):
            _run([cargo.program_path, *arguments], build.workspace.root, env)
        for name in sorted(os.listdir(directory)):
            stem, extension = os.path.splitext(os.path.join(directory, name))
            if extension == ".called" and os.path.exists(f"{stem}.environ"):
                yield _noted(stem, build.environment, variable, runner)


def _run(argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> None:
    process = Process(argv, cwd=cwd, env=env, merge_streams=True)
    try:
        for _ in process.lines():
            pass
        process.wait()
    except BaseException:
        process.stop()
        raise


def _noted(
    stem: str, base: Mapping[str, str], variable: str, runner: tuple[str, ...]
) -> tuple[str, TestProcess]:
    with open(f"{stem}.called", "rb") as file:
        executable, cwd = map(os.fsdecode, file.read().split(b"\0")[:2])
    with open(f"{stem}.environ", "rb") as file:
        pairs = [os.fsdecode(pair).partition("=") for pair in file.read().split(b"\0") if pair]
    env = {name: value for name, _, value in pairs if name != variable}
    if variable in base:
        env[variable] = base[variable]
    return executable, TestProcess(
        executable,
        cwd,
        sets={name: value for name, value in env.items() if base.get(name) != value},
        unsets=tuple(name for name in base if name not in env),
        runner=runner,
    )


def _key(cargo: Cargo, build: Build) -> str:
    """Return what an environment follows from, hashed: all but the values of foreign variables."""
    digest = hashlib.sha256()

    def add(*values: object) -> None:
        digest.update(repr(values).encode("utf-8", "surrogateescape"))

    add(cargo.toolchain, build.workspace, build.target, build.scripts)
    add(sorted(artifact.executable or "" for artifact in build.artifacts))
    for name, value in sorted(build.environment.items()):
        own = name.startswith(("CARGO", "RUST", "LD_", "DYLD_")) or name == "PATH"
        add(name, value if own else "")
    for path in configuration_files(build.environment, build.workspace.root):
        with contextlib.suppress(OSError), open(path, "rb") as file:
            add(path, file.read())
    return digest.hexdigest()[:32]


def _cached(path: str, runner: tuple[str, ...]) -> dict[str, TestProcess] | None:
    try:
        with open(path, encoding="utf-8") as file:
            raw = json.load(file)
        return {
            entry["executable"]: TestProcess(
                str(entry["executable"]),
                str(entry["cwd"]),
                {str(name): str(value) for name, value in entry["sets"].items()},
                tuple(map(str, entry["unsets"])),
                runner,
            )
            for entry in raw
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _keep(path: str, found: Mapping[str, TestProcess]) -> None:
    """Write the cache; what cannot be kept is asked for again."""
    directory = os.path.dirname(path)
    with contextlib.suppress(OSError):
        os.makedirs(directory, exist_ok=True)
        fd, temporary = tempfile.mkstemp(dir=directory, suffix=".part")
        with open(fd, "w", encoding="utf-8") as file:
            json.dump([asdict(process) for process in found.values()], file)
        os.replace(temporary, path)
        with os.scandir(directory) as entries:
            old = sorted(entries, key=lambda entry: entry.stat().st_mtime)[:-_KEPT]
        for entry in old:
            os.unlink(entry.path)
