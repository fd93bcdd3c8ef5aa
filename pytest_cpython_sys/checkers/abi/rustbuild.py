"""How rustc and rustdoc are asked about a package that cargo has built."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ...c.compiler import AbiError, run_tool
from ...cargo import CargoError, package_environment, rustflags, stamp
from ...cargo.versions import parse_version
from ...late import dataclass
from ...rust.tools.rustdoc_json import RUSTDOC_JSON

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...cargo import Artifact, Package, Target
    from ...rust.context import BuildContext

__all__ = ["Library", "RustToolError", "find_library"]

_OLDEST: Final = "1.77"
"""The rustc that has ``offset_of!``."""


class RustToolError(AbiError):
    """rustc or rustdoc did not do what it was asked for; the message has its words."""


@dataclass(frozen=True)
class Library:
    """The library of a package as other crates link to it."""

    context: BuildContext
    package: Package
    target: Target
    built: str
    """What this build has made of it: the library, or a test of it where no other was needed."""

    @property
    def stamp(self) -> tuple[str, int, int]:
        """What tells this build of it from all others."""
        return stamp(self.built)

    @cached_property
    def path(self) -> str:
        """The library to link to, built if nobody has needed it yet. Raises RustToolError."""
        if self.built.endswith((".rlib", ".rmeta")):
            return self.built
        try:
            build = self.context.cargo.build_libraries(self.context.build, self.context.options)
        except CargoError as error:
            raise RustToolError(str(error)) from None
        path = _rlib(build.artifacts, self.package)
        if path is None:
            raise RustToolError(f"the library of {self.package.name} was not built:\n{build.words}")
        return path

    @property
    def _features(self) -> tuple[str, ...]:
        for artifact in self.context.build.artifacts:
            if artifact.package_id == self.package.id and artifact.target == self.target:
                return artifact.features
        return ()

    def _common(self) -> Iterator[str]:
        """Yield what rustc and rustdoc need alike."""
        build = self.context.build
        yield "--cap-lints=allow"
        if build.target is not None:
            yield f"--target={build.target}"
        directories = {
            os.path.dirname(name)
            for artifact in build.artifacts
            for name in artifact.filenames
            if name.endswith((".rlib", ".rmeta"))
        }
        if self.built.endswith((".rlib", ".rmeta")):
            directories.add(os.path.dirname(self.built))
        for directory in sorted(directories):
            yield f"-Ldependency={directory}"
            deps = os.path.join(directory, "deps")
            if os.path.isdir(deps):
                yield f"-Ldependency={deps}"
        yield from rustflags(build.environment, build.workspace.root)

    def _externs(self) -> Iterator[str]:
        names = {one.name for one in self.package.dependencies if one.kind == "normal"}
        for artifact in self.context.build.artifacts:
            if artifact.test or artifact.package_id == self.package.id:
                continue
            file = _linkable(artifact)
            if artifact.target.kind == "lib" and _package_name(artifact) in names and file:
                yield f"--extern={artifact.target.crate_name}={file}"

    def probe_command(self) -> tuple[list[str], dict[str, str]]:
        """Return the compiler call for a crate that depends on this one, and its environment."""
        words = [
            self.context.cargo.tool("rustc"),
            "--edition=2021",
            "--crate-type=lib",
            "--crate-name=abi_probe",
            "-Ccodegen-units=1",
            "-Cdebuginfo=0",
            f"--extern={self.target.crate_name}={self.path}",
            *self._common(),
        ]
        return words, package_environment(self.context.build, self.package)

    def describe(self, work: str) -> str:
        """Let rustdoc write its JSON, unless this build's is there; return the file's path.

        Raises RustToolError.
        """
        self._check_version()
        directory = os.path.join(work, "doc")
        path = os.path.join(directory, f"{self.target.crate_name}.json")
        script = self.context.build.script(self.package.id)
        words = [
            self.context.cargo.tool("rustdoc"),
            f"--edition={self.target.edition}",
            f"--crate-name={self.target.crate_name}",
            "--crate-type=lib",
            *RUSTDOC_JSON,
            *(f'--cfg=feature="{name}"' for name in self._features),
            *(f"--cfg={cfg}" for cfg in (script.cfgs if script is not None else ())),
            *self._common(),
            *self._externs(),
            "-o",
            directory,
            self.target.src_path,
        ]
        key = hashlib.sha256(json.dumps([words, self.stamp]).encode()).hexdigest()
        mark = os.path.join(directory, f"{self.target.crate_name}.key")
        if os.path.isfile(path) and _read(mark) == key:
            return path
        os.makedirs(directory, exist_ok=True)
        env = package_environment(self.context.build, self.package)
        # JSON is unstable. Set for rustdoc alone, cargo and what it builds never see it.
        env["RUSTC_BOOTSTRAP"] = "1"
        try:
            code, _, errors = run_tool(words, self.context.build.workspace.root, env)
        except OSError as error:
            raise RustToolError(f"{words[0]} cannot be run: {error.strerror}") from None
        if code:
            # What cargo alone knows (renamed dependencies, two versions of one) was guessed.
            self._describe_with_cargo(path, directory, errors)
        with open(mark, "w", encoding="utf-8") as file:
            file.write(key)
        return path

    def _check_version(self) -> None:
        release = self.context.cargo.toolchain.rustc
        numbers = re.match(r"\d+\.\d+", release)
        if numbers is not None and parse_version(numbers[0]) < parse_version(_OLDEST):
            raise RustToolError(
                f"rustc {release} lacks offset_of!, which the comparison with C needs: use rustc "
                f"{_OLDEST} or newer, or --cpython-sys-abi=off"
            )

    def _describe_with_cargo(self, path: str, directory: str, errors: str) -> None:
        """Let cargo call rustdoc; it checks all dependencies first. Raises RustToolError."""
        context = self.context
        rustdoc = os.path.join(directory, "rustdoc-json")
        with open(rustdoc, "w", encoding="utf-8") as file:
            real = shlex.quote(context.cargo.tool("rustdoc"))
            file.write(f'#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec {real} "$@"\n')
        os.chmod(rustdoc, 0o700)
        try:
            done = context.cargo.describe_library(
                context.build, context.options, self.package.name, rustdoc, RUSTDOC_JSON
            )
        except CargoError as error:
            raise RustToolError(str(error)) from None
        workspace = context.build.workspace
        target = context.options.target_dir or workspace.target_directory
        written = os.path.join(
            workspace.root, target, context.build.target or "", "doc", os.path.basename(path)
        )
        if done.exit_code or not os.path.isfile(written):
            raise RustToolError(
                f"rustdoc failed for package {self.package.name}:\n{done.words or errors.strip()}"
            )
        os.replace(written, path)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def _linkable(artifact: Artifact) -> str | None:
    for suffix in (".rlib", ".rmeta", ".so", ".dylib", ".dll"):
        for name in artifact.filenames:
            if name.endswith(suffix):
                return name
    return None


def _package_name(artifact: Artifact) -> str:
    """Return a package's name out of its id, see cargo's "Package ID Specifications"."""
    url, _, fragment = artifact.package_id.partition("#")
    name, at, _ = fragment.rpartition("@")
    return name if at else url.rstrip("/").rpartition("/")[2]


def find_library(context: BuildContext, package: Package) -> Library | None:
    """Return a package's library if this build has made it; a cdylib alone links to nothing."""
    target = package.library
    if target is None or "proc-macro" in target.crate_types:
        return None
    if not {"lib", "rlib"} & set(target.crate_types):
        return None  # nothing links to it
    built = _rlib(context.build.artifacts, package)
    if built is None:
        built = next(
            (
                artifact.executable
                for artifact in context.build.artifacts
                if artifact.package_id == package.id and artifact.target.kind == "lib"
            ),
            None,
        )
    if built is None and context.checked is not None:
        built = _rlib(context.checked.artifacts, package, ".rmeta")  # it could not be linked
    return Library(context, package, target, built) if built is not None else None


def _rlib(artifacts: Iterable[Artifact], package: Package, suffix: str = ".rlib") -> str | None:
    for artifact in artifacts:
        if artifact.package_id == package.id and artifact.target.kind == "lib":
            for name in artifact.filenames:
                if name.endswith(suffix) and not artifact.test:
                    return name
    return None
