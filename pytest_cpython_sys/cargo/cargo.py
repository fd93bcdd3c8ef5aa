"""The cargo command as an object."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from .command import (
    BuildOptions,
    build_arguments,
    check_arguments,
    clippy_arguments,
    completion_arguments,
    describe_arguments,
    libraries_arguments,
    library_arguments,
)
from .configuration import configured_target, rustflags
from .environment import changes_answers, inherited
from .errors import (
    CargoError,
    CargoMissingError,
    CargoTooOldError,
    ManifestError,
    ToolchainError,
    not_started,
)
from .failures import first_error
from .metadata import Workspace, enclosing_manifest, parse_metadata
from .process import worker_threads
from .questions.asking import Questions
from .run_build import run_build
from .unit_graph import UNSTABLE_CARGO, PlannedUnit, parse_unit_graph, unit_graph_arguments
from .versions import OLDEST, Toolchain, read_toolchain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .build import Build
    from .metadata import Package
    from .questions.kept import Question
    from .run_build import BuildListener

__all__ = ["Cargo"]


class Cargo:
    """Runs cargo, without a shell.

    ``program`` is cargo's path or name. By default it is the value of the environment variable
    ``CARGO``, or else the ``cargo`` on ``PATH``. ``environ`` is the environment of cargo and its
    child processes. By default it is a copy of the environment of this process.
    """

    def __init__(
        self, program: str | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        self.environ = inherited(os.environ if environ is None else environ)
        self._named = program
        self._place: str | None = None
        self._target_dir: str | None = None
        self._unused: list[Questions] = []
        """What was asked in another environment: the next run begins in that one, too."""
        self._forget()

    def _forget(self) -> None:
        """Know nothing of what cargo or rustc has said."""
        self.program = self._named or self.environ.get("CARGO") or "cargo"
        self._questions = Questions(self.environ, self._place, self._target_dir)
        self._workspaces: dict[str, Workspace] = {}
        """By a manifest: a run asks once."""
        self._cfgs: dict[Question, list[str]] = {}
        """What rustc has said of targets: it is needed for each package, and again for verdicts."""

        for name in ("toolchain", "program_path", "rustdoc", "sysroot", "path"):
            self.__dict__.pop(name, None)

    def read_environment(self, *, others_ran: bool = False) -> None:
        """Take over our environment as it is now; what may be answered otherwise is asked again.

        ``others_ran``: code has run since then that may have written files.
        """
        before, self.environ = self.environ, inherited(os.environ)
        self._questions.environ = self.environ
        if others_ran or changes_answers(before, self.environ):
            self._questions.environ = before
            self._unused.append(self._questions)
            self._forget()

    def ask_ahead(self, places: Sequence[str], target_dir: str | None = None) -> None:
        """Start asking what will be asked for anyway: versions, and the first workspace.

        ``target_dir`` is where it will be built, if not where cargo would by itself.
        """
        if not places:
            return
        place = os.path.realpath(places[0])
        with contextlib.suppress(CargoError):
            questions: list[Question] = [
                (tuple(argv), None) for argv, _ in self._version_questions()
            ]
            manifest = enclosing_manifest(place)
            if manifest is not None:
                questions.append(self._metadata_question(manifest))
            if self._place is None:
                self._place, self._target_dir = os.path.dirname(manifest or place), target_dir
                self._questions.be_about(self._place, target_dir)
            self._questions.ask_ahead(questions)

    @cached_property
    def toolchain(self) -> Toolchain:
        """The versions of cargo and rustc. Raises CargoMissingError or CargoTooOldError."""
        with worker_threads(2) as pool:
            answers = pool.map(lambda pair: self._ask(*pair), self._version_questions())
            cargo, rustc = answers
        toolchain = read_toolchain(cargo, rustc)
        if toolchain is None:
            raise CargoError(
                f"`{self.program} -V` printed {cargo.strip()!r}, so it is not cargo: set $CARGO to "
                "the path of cargo, or unset it"
            )
        if toolchain.is_too_old:
            raise CargoTooOldError(
                f"{self.program_path} is cargo {toolchain.cargo}; {OLDEST} or newer is needed: "
                "run `rustup update`, or set $CARGO to another cargo"
            )
        return toolchain

    def _version_questions(self) -> list[tuple[list[str], str]]:
        return [([self.program_path, "-V"], "cargo"), ([self.tool("rustc"), "-vV"], "rustc")]

    @cached_property
    def program_path(self) -> str:
        """The program that is started. Raises CargoMissingError."""
        path = self.environ.get("PATH")
        found = shutil.which(self.program, path=path)
        if found is None:
            there = shutil.which(self.program, os.F_OK, path)
            number = errno.EACCES if there is not None else errno.ENOENT
            why = os.strerror(number) if there else "not found"
            raise self._not_started(there or self.program, OSError(number, why))
        return found

    def tool(self, name: str) -> str:
        """Return the path of ``rustc`` or ``rustdoc``: what is named, or stands beside cargo."""
        beside = os.path.join(os.path.dirname(self.program_path), name)
        there = beside if os.access(beside, os.X_OK) else None
        named = self.environ.get(name.upper())
        return named or there or shutil.which(name, path=self.environ.get("PATH")) or name

    def _ask(self, argv: list[str], what: str) -> str:
        try:
            done = self._questions.answer(argv, None, self._questions.place)
        except OSError as error:
            raise self._not_started(argv[0], error, what) from None
        if done.exit_code or done.expired:
            words = done.stderr.strip() or done.how
            raise CargoMissingError(f"`{' '.join(argv)}` failed, so {what} cannot be used: {words}")
        return done.stdout

    def _not_started(self, program: str, error: OSError, name: str = "cargo") -> CargoMissingError:
        """Return what to say of a program that the system does not start."""
        named = program == self.environ.get(name.upper())
        return not_started(program, error, name, named=named)

    def _metadata_question(self, manifest: str) -> tuple[tuple[str, ...], str]:
        words = ("metadata", "--no-deps", "--format-version=1", f"--manifest-path={manifest}")
        return (self.program_path, *words), os.path.dirname(manifest) or "."

    def workspace(self, manifest: str) -> Workspace:
        """Return the workspace that a manifest belongs to.

        Raises CargoMissingError, or ManifestError with cargo's message.
        """
        if manifest not in self._workspaces:
            self._workspaces[manifest] = self._ask_workspace(manifest)
        return self._workspaces[manifest]

    def _ask_workspace(self, manifest: str) -> Workspace:
        argv, cwd = self._metadata_question(manifest)
        try:
            done = self._questions.answer(argv, cwd, os.path.dirname(manifest))
            if done.exit_code or done.expired:
                words = done.stderr.strip() or f"cargo metadata {done.how}"
                # Whether it is the manifest that cargo refuses, or cargo that is not there.
                there = self._questions.run([self.program_path, "-V"], cwd).exit_code == 0
                raise (ManifestError if there else ToolchainError)(manifest, words)
        except OSError as error:
            raise self._not_started(argv[0], error) from None
        try:
            return parse_metadata(done.raw)
        except (ValueError, KeyError, TypeError) as error:
            raise ManifestError(
                manifest, f"the output of cargo metadata is not valid: {error}"
            ) from None

    def keep_answers(self, workspace: Workspace, options: BuildOptions) -> None:
        """Keep what was answered for later runs: below a target directory that cargo has made."""
        directories = [workspace.target_directory, options.directory(workspace)]
        for questions in self._unused:
            questions.take_unused()
        for questions in (self._questions, *self._unused):
            questions.keep(directories)

    def build(
        self,
        workspace: Workspace,
        options: BuildOptions | None = None,
        *,
        extra_environment: Mapping[str, str] | None = None,
        listener: BuildListener | None = None,
    ) -> Build:
        """Build all tests of a workspace, and return the result, also if the build failed.

        ``extra_environment`` holds more variables for cargo. ``listener`` has the methods
        ``progress(done, total, current)``, ``blocked(reason)`` and ``ended()``, which another
        thread calls. Raises CargoMissingError.
        """
        options = options or BuildOptions()

        def run(arguments: list[str]) -> Build:
            return self._run_build(arguments, workspace, extra_environment, listener)

        build = run(build_arguments(options))
        if not build.success:
            build = replace(build, planned=self._planned(build))
        if build.may_be_incomplete():
            build = build.completed_by(run(completion_arguments(options, build)))
        environ, root = build.environment, workspace.root
        self.keep_answers(workspace, options)
        target = options.target or configured_target(environ, root, options.extra)
        return replace(build, target=target)

    def _planned(self, build: Build) -> frozenset[PlannedUnit] | None:
        """Return all that a build would have compiled; None where cargo does not say."""
        argv = unit_graph_arguments(build.command)
        env = {**build.environment, **UNSTABLE_CARGO}
        return parse_unit_graph(self._questions.run(argv, build.workspace.root, env).raw)

    def _run_build(
        self,
        arguments: list[str],
        workspace: Workspace,
        extra_environment: Mapping[str, str] | None,
        listener: BuildListener | None = None,
    ) -> Build:
        environment = {**self.environ, **(extra_environment or {})}
        try:
            return run_build([self.program_path, *arguments], workspace, environment, listener)
        except OSError as error:
            raise self._not_started(self.program_path, error) from None

    def build_library(
        self,
        workspace: Workspace,
        package: Package,
        options: BuildOptions | None = None,
        *,
        features: Sequence[str] = (),
        extra_environment: Mapping[str, str] | None = None,
        listener: BuildListener | None = None,
    ) -> Build:
        """Build the library of a package, and return the result, also if the build failed.

        ``features`` are those of this package. The other arguments are those of `build`. Raises
        CargoMissingError.
        """
        arguments = library_arguments(options or BuildOptions(), package, features)
        return self._run_build(arguments, workspace, extra_environment, listener)

    @cached_property
    def rustdoc(self) -> str:
        """The rustdoc that cargo uses, as far as the environment tells."""
        named = self.environ.get("RUSTDOC")
        return named or self._in_toolchain("rustdoc") or self.tool("rustdoc")

    def build_libraries(self, build: Build, options: BuildOptions) -> Build:
        """Build the libraries of a workspace that has been built, in the same environment.

        Raises CargoMissingError.
        """
        return self._run_build(libraries_arguments(options), build.workspace, build.environment)

    def check(self, build: Build, options: BuildOptions) -> Build:
        """Let rustc check the tests of a workspace that has been built, in the same environment.

        Nothing is linked. Raises CargoMissingError.
        """
        library = any(target.kind == "lib" for _, target in build.workspace.targets())
        arguments = check_arguments(options, library=library)
        done = self._run_build(arguments, build.workspace, build.environment)
        return replace(done, target=build.target, planned=build.planned)

    def describe_library(
        self, build: Build, options: BuildOptions, package: str, rustdoc: str, words: Sequence[str]
    ) -> Build:
        """Let a rustdoc read a library of a workspace that has been built.

        Raises CargoMissingError.
        """
        arguments = describe_arguments(options, package, words)
        environment = {**build.environment, "RUSTDOC": rustdoc}
        return self._run_build(arguments, build.workspace, environment)

    def lint(
        self,
        build: Build,
        options: BuildOptions,
        packages: Sequence[str],
        words: Sequence[str],
        extra_environment: Mapping[str, str] | None = None,
    ) -> Build:
        """Let clippy read a workspace that has been built; ``packages`` is empty for all of it.

        Raises CargoMissingError.
        """
        library = any(
            package.library is not None
            for package in build.workspace.packages
            if not packages or package.name in packages
        )
        chosen = replace(options, packages=tuple(packages))
        arguments = clippy_arguments(chosen, library=library, words=words)
        environment = {**build.environment, **(extra_environment or {})}
        return self._run_build(arguments, build.workspace, environment)

    @cached_property
    def sysroot(self) -> str | None:
        """The directory of the toolchain, or None if rustc does not tell."""
        try:
            return self._ask([self.tool("rustc"), "--print=sysroot"], "rustc").strip()
        except CargoError:
            return None

    @cached_property
    def path(self) -> str:
        """What cargo calls itself in ``$CARGO``: rustup's proxy gives way to the real program."""
        return self._in_toolchain("cargo") or self.program_path

    def _in_toolchain(self, name: str) -> str | None:
        """Return a program of the toolchain itself, past rustup's proxies; None if not there."""
        path = os.path.join(self.sysroot, "bin", name) if self.sysroot else ""
        return path if os.access(path, os.X_OK) else None

    @property
    def is_proxy(self) -> bool:
        """Whether it is rustup's, which starts the real one."""
        return os.path.realpath(self.path) != os.path.realpath(self.program_path)

    def cfg_holds(self, workspace: Workspace, predicate: str, target: str | None = None) -> bool:
        """Let rustc tell whether a ``cfg`` predicate holds for a triple (default: the host).

        Flags of the environment and of cargo's configuration count. Raises CargoMissingError.
        """
        words = f"cfg holds {os.getpid()}"
        source = f'#![no_std]\n#[cfg({predicate})]\ncompile_error!("{words}");\n'
        flags = rustflags(self.environ, workspace.root)
        argv = [self.tool("rustc"), "--crate-type=lib", "--emit=metadata", *flags]
        if target:
            argv.append(f"--target={target}")
        # In the workspace: a toolchain file there chooses the compiler.
        try:
            with tempfile.TemporaryDirectory(prefix="cpython-sys-") as directory:
                path = os.path.join(directory, "cfg.rs")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(source)
                done = self._questions.run([*argv, path, "--out-dir", directory], workspace.root)
        except OSError as error:
            raise self._not_started(argv[0], error, "rustc") from None
        return f"error: {words}" in done.stderr

    def target_cfg(self, workspace: Workspace, target: str) -> list[str]:
        """Return what rustc says of a target with ``--print cfg``, line by line.

        Raises CargoError where it does not know such a target.
        """
        argv = (self.tool("rustc"), "--print=cfg", f"--target={target}")
        if (argv, workspace.root) in self._cfgs:
            return self._cfgs[argv, workspace.root]
        try:
            done = self._questions.run(argv, workspace.root)
        except OSError as error:
            raise self._not_started(argv[0], error, "rustc") from None
        if done.exit_code or done.expired:
            raise CargoError(f"rustc does not know the target {target}: {first_error(done.stderr)}")
        self._cfgs[argv, workspace.root] = done.stdout.splitlines()
        return self._cfgs[argv, workspace.root]
