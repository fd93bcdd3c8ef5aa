"""The exact environment of each test process, as cargo itself gives it.

Cargo is asked to run the tests that were just built, with programs in front of them that note
their environment and start nothing: ``CARGO_TARGET_<TRIPLE>_RUNNER`` for executables, ``RUSTDOC``
for doctests. See
https://doc.rust-lang.org/cargo/reference/config.html#targettriplerunner and
https://doc.rust-lang.org/cargo/reference/environment-variables.html
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import tempfile
from dataclasses import asdict, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..late import dataclass
from .cache import cache_path, keep_json, read_json
from .command import recording_arguments
from .configuration import configured_names, configured_runner, runner_variable, settings_files
from .environment import process_environment
from .files import read_bytes, write_program
from .questions.marks import Marks, NotKeptError
from .questions.toolchain_marks import mark_toolchain
from .run_program import run_to_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .build import Build
    from .cargo import Cargo
    from .command import BuildOptions
    from .metadata import Package

__all__ = ["TestProcess", "TestProcesses", "find_test_processes"]

# Each call has files of its own, named by its process id.
_RECORDER = """#!/bin/sh
case " $* " in *" --test "*) ;; *) [ {kind} = test ] || exec {program} "$@" ;; esac
here=${{0%/*}}
if [ -r /proc/$$/environ ]; then cat /proc/$$/environ; else env -0; fi > "$here/$$.environ"
printf '%s\\0' "$(pwd -P)" "$@" > "$here/$$.{kind}"
"""


@dataclass(frozen=True)
class TestProcess:
    """How cargo starts a test executable; what it sets and unsets is relative to the build's own.

    ``runner`` is the program that the user's configuration puts in front, with its arguments.
    """

    __test__ = False  # not a pytest class

    executable: str
    cwd: str
    sets: Mapping[str, str] = field(repr=False)
    unsets: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    """Those of cargo; for doctests: all that rustdoc is told of the crate."""
    runner: tuple[str, ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        """The command's first words."""
        return (*self.runner, self.executable, *self.arguments)

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return the whole environment; ``base`` is that of the build."""
        env = {name: value for name, value in base.items() if name not in self.unsets}
        return {**env, **self.sets}


@dataclass(frozen=True)
class TestProcesses:
    """All processes in which a build's tests run."""

    __test__ = False  # not a pytest class

    executables: Mapping[str, TestProcess] = field(default_factory=dict)
    """By the path of the test executable."""
    doctests: Mapping[str, TestProcess] = field(default_factory=dict)
    """By the directory of the package's manifest."""


def find_test_processes(
    cargo: Cargo, build: Build, options: BuildOptions, *, doctests: bool
) -> TestProcesses:
    """Return how cargo would start each test of a build.

    What cargo cannot be asked about (a target beside one that does not build) is imitated;
    for doctests there is no imitation.
    """
    wanted = [artifact.executable for artifact in build.artifacts if artifact.test]
    executables = [path for path in wanted if path]
    documented = build.documented_packages() if doctests else []
    if not executables and not documented:
        return TestProcesses()
    triple = build.target or cargo.toolchain.host
    runner = configured_runner(
        build.environment,
        build.workspace.root,
        triple,
        options.extra,
        lambda predicate: cargo.cfg_holds(build.workspace, predicate, build.target),
    )
    path = cache_path(build, options, "processes", _causes(cargo, build, options, bool(documented)))
    found = _from_json(read_json(path), runner)
    if found is None:
        found = _record(cargo, build, options, runner_variable(triple), runner, documented)
        complete = set(executables) <= set(found.executables)
        if complete and {package.root for package in documented} <= set(found.doctests):
            keep_json(path, asdict(found))
    imitated = {
        executable: _imitated(cargo, build, executable, runner)
        for executable in executables
        if executable not in found.executables
    }
    return TestProcesses({**found.executables, **imitated}, found.doctests)


def _imitated(cargo: Cargo, build: Build, path: str, runner: tuple[str, ...]) -> TestProcess:
    artifact = next(artifact for artifact in build.artifacts if artifact.executable == path)
    package = build.workspace.package(artifact.package_id)
    if package is None:
        return TestProcess(path, build.workspace.root, {}, runner=runner)
    env = process_environment(build, package, artifact.target, path, cargo=cargo)
    sets = {name: value for name, value in env.items() if build.environment.get(name) != value}
    return TestProcess(path, package.root, sets, runner=runner)


def _record(
    cargo: Cargo,
    build: Build,
    options: BuildOptions,
    variable: str,
    runner: tuple[str, ...],
    documented: Sequence[Package],
) -> TestProcesses:
    """Let cargo start the recorders. What cargo did not start is missing."""
    if sys.platform == "win32":
        return TestProcesses()
    with tempfile.TemporaryDirectory(prefix="cpython-sys-") as directory:
        recorders = {variable: "test", "RUSTDOC": "doctest"}
        own = dict(build.environment)
        for name, kind in recorders.items():
            own[name] = _write_recorder(directory, kind, cargo.rustdoc)
        for arguments in recording_arguments(options, build, doctests=bool(documented)):
            with contextlib.suppress(OSError):
                argv = [cargo.program_path, *arguments]
                run_to_end(argv, cwd=build.workspace.root, env=own, limit=None)
        executables, doctests = {}, {}
        for name in sorted(os.listdir(directory)):
            stem, extension = os.path.splitext(os.path.join(directory, name))
            if not os.path.exists(f"{stem}.environ"):
                continue
            if extension == ".test":
                process = _noted(stem, extension, build.environment, recorders)
                path, *rest = process.arguments
                executables[path] = replace(
                    process, executable=path, arguments=tuple(rest), runner=runner
                )
            elif extension == ".doctest":
                process = _noted(stem, extension, build.environment, recorders)
                root = process.sets.get("CARGO_MANIFEST_DIR", process.cwd)
                told = _with_runner(process.arguments, own[variable], runner)
                doctests[root] = replace(process, executable=cargo.rustdoc, arguments=tuple(told))
    return TestProcesses(executables, doctests)


def _with_runner(words: Sequence[str], recorder: str, runner: Sequence[str]) -> list[str]:
    """Put the user's runner, if there is one, where rustdoc was told of the recorder."""
    told = list(words)
    if recorder in told:
        at = told.index(recorder)
        own = [runner[0], *(f"--test-runtool-arg={word}" for word in runner[1:])] if runner else []
        told[at - 1 : at + 1] = [told[at - 1], *own] if own else []
    return told


def _write_recorder(directory: str, kind: str, program: str) -> str:
    # A runner is one word: a list would be joined with the user's own.
    path = os.path.join(directory, f"record-{kind}")
    write_program(path, _RECORDER.format(kind=kind, program=shlex.quote(program)))
    return path


def _noted(
    stem: str, extension: str, base: Mapping[str, str], recorders: Mapping[str, str]
) -> TestProcess:
    cwd, *arguments = map(os.fsdecode, read_bytes(stem + extension).split(b"\0")[:-1])
    environ = os.fsdecode(read_bytes(f"{stem}.environ"))
    pairs = [pair.partition("=") for pair in environ.split("\0") if pair]
    env = {name: value for name, _, value in pairs if name not in recorders}
    env.update({name: base[name] for name in recorders if name in base})
    return TestProcess(
        executable="",
        cwd=cwd,
        sets={name: value for name, value in env.items() if base.get(name) != value},
        unsets=tuple(name for name in base if name not in env),
        arguments=tuple(arguments),
    )


def _causes(cargo: Cargo, build: Build, options: BuildOptions, doctests: bool) -> Iterator[object]:
    """Yield what an environment follows from: all but the values of foreign variables."""
    yield cargo.toolchain, build.workspace, build.target, build.scripts, doctests, options.extra
    yield _toolchain(cargo, build.workspace.root)
    yield sorted((artifact.executable or "", *artifact.filenames) for artifact in build.artifacts)
    configured = configured_names(build.environment, build.workspace.root, options.extra)
    for name, value in sorted(build.environment.items()):
        own = name.startswith(("CARGO", "RUST", "LD_", "DYLD_")) or name == "PATH"
        own = own or name in configured
        yield name, value if own else ""
    # Manifests: under which names crates are known.
    for path in settings_files(build.workspace, build.environment, options.extra):
        yield path, read_bytes(path)


def _toolchain(cargo: Cargo, directory: str) -> str:
    """Return what tells toolchains apart, of which two may be of one version."""
    marks = Marks()
    try:
        mark_toolchain(marks, cargo.program_path, cargo.environ, directory)
    except NotKeptError:
        return cargo.path
    return marks.digest()


def _from_json(raw: Any, runner: tuple[str, ...]) -> TestProcesses | None:
    def process(entry: dict[str, Any], runner: tuple[str, ...]) -> TestProcess:
        lists = {name: tuple(entry[name]) for name in ("unsets", "arguments")}
        words = (entry["executable"], entry["cwd"], *chain(*lists.values(), *entry["sets"].items()))
        if not all(isinstance(word, str) for word in words):
            raise TypeError(words)
        return TestProcess(**{**entry, **lists, "runner": runner})

    try:
        return TestProcesses(
            {path: process(entry, runner) for path, entry in raw["executables"].items()},
            {root: process(entry, ()) for root, entry in raw["doctests"].items()},
        )
    except (KeyError, TypeError, AttributeError):
        return None
