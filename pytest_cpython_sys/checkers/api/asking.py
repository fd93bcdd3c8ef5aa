"""How rustc and rustdoc are asked about a library, and where what came of it is kept."""

from __future__ import annotations

import os
import tempfile
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from ...cargo import (
    MIR,
    CargoError,
    Expander,
    cache_path,
    keep_json,
    locked,
    read_bytes,
    read_json,
    rustflags,
    settings_files,
    stamp,
    write_program,
)
from ...rust.tools.rustdoc_json import FormatError, describing_program, read_document
from .judge import Finding, Judge, Judgement
from .mir import read_mir
from .surface import Surface

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...cargo import Build, Package, Target, Unit
    from ...rust.context import BuildContext
    from ...rust.libraries import Libraries
    from ...rust.tables.api import ApiTable

__all__ = ["Question", "system_crates"]

_FORMAT: Final = 6
_CPYTHON: Final = ("cpython-sys", "pyo3-ffi")
_PYO3: Final = "pyo3"
_FOR_OTHERS: Final = frozenset({"cdylib", "staticlib"})
_SUFFIXES: Final = ("-sys", "_sys", "-ffi", "_ffi")


class Question:
    """A library and its rules; what is answered holds until something is built anew."""

    def __init__(
        self, context: BuildContext, package: Package, table: ApiTable, libraries: Libraries
    ) -> None:
        assert package.library is not None  # noqa: S101 - else there are no rules
        self._context = context
        self._package = package
        self._target: Target = package.library
        self._table = table
        self._libraries = libraries

    def answer(self) -> Mapping[str, Judgement]:
        """Return what there is to say of each rule. Raises CargoError, OSError."""
        build = self._context.build
        if not any(unit.artifact for unit in self._units(build)):
            build = self._build()  # a test that cannot be linked, say
        path = self._path(build)
        with locked(os.path.dirname(path)):  # workers of pytest-xdist ask at the same time
            kept: Any = read_json(path)
            if _holds(kept):
                return {rule: _restored(one) for rule, one in kept["rules"].items()}
            build = self._build()
            unit = build.unit(self._package, self._target, test=False)
            said = self._ask(build, unit)
            files = [stamp(name) for name in build.sources(unit) or ()]
            rules = {rule: asdict(one) for rule, one in said.items()}
            keep_json(path, {"files": files, "rules": rules})
        return said

    def _units(self, build: Build) -> list[Unit]:
        return [build.unit(self._package, self._target, test=test) for test in (False, True)]

    def _path(self, build: Build) -> str:
        """Return where the answer is kept while what a build has made stays as it is."""
        # Cargo names them in an order that varies. A cdylib has one name in all builds, which make
        # it anew in turns: nobody links to it, and it follows from the rest.
        files = sorted(
            name
            for artifact in build.artifacts
            if artifact.target.kind == "lib" and {*artifact.target.crate_types} - _FOR_OTHERS
            for name in artifact.filenames
        )
        options = self._context.options
        settings = settings_files(build.workspace, build.environment, options.extra)
        causes = [
            *(_FORMAT, self._package.id, self._context.cargo.toolchain.rustc, repr(self._table)),
            *([stamp(name) for name in files], [unit.features for unit in self._units(build)]),
            *(build.scripts, build.target, [read_bytes(name) for name in settings]),
            rustflags(build.environment, build.workspace.root),
        ]
        return cache_path(build, options, "api", causes)

    def _build(self) -> Build:
        """Return the build that made the library as others link to it. Raises CargoError."""
        package, target = self._package, self._target
        for build in (self._context.build, None):
            found = build or self._libraries.more
            if found.unit(package, target, test=False).artifact is not None:
                return found
            errors = found.errors(package.id, target)
            if any(not error.is_of_linker for error in errors):
                raise CargoError("not evaluated: the library does not build: see `@build`")
        raise CargoError(f"not evaluated: the library does not build\n{self._libraries.more.words}")

    def _ask(self, build: Build, unit: Unit) -> dict[str, Judgement]:
        context = self._context
        systems = system_crates(build, self._package, self._table)
        renamed = renamed_crates(build, self._package)
        base = context.options.directory(build.workspace)
        with tempfile.TemporaryDirectory(prefix="cpython-sys-", dir=base) as directory:
            program, left = os.path.join(directory, "describe"), os.path.join(directory, "left")
            write_program(program, describing_program(context.cargo.tool("rustdoc")))
            expander = Expander(context.cargo, build, context.options, printed=MIR, beside=program)
            text = expander.expand(unit, left)
            if text is None:
                raise CargoError(
                    f"not evaluated: rustc did not print the MIR of the crate\n{expander.words}"
                )
            described = os.path.join(left, f"{self._target.crate_name}.json")
            if not os.path.isfile(described):
                words = read_bytes(os.path.join(left, "words")).decode("utf-8", "replace")
                raise CargoError(
                    f"not evaluated: rustdoc did not describe the crate\n{words.strip()}"
                )
            bodies = read_mir(text.decode("utf-8", "replace"))
            try:
                with read_document(described) as raw:
                    judge = Judge(Surface(raw), bodies, self._table, systems, renamed)
                    return {rule: judge.judge(rule) for rule in self._table.rules}
            except FormatError as error:
                raise CargoError(f"not evaluated: {error}") from error


def system_crates(build: Build, package: Package, table: ApiTable) -> dict[str, bool]:
    """Return the crates through which C is called: True for those that declare it.

    Others hand on what these declare. Raises CargoError.
    """
    members = {one.name: one for one in build.workspace.packages}
    needed: dict[str, None] = {}
    waiting = [package.name]
    while waiting:
        for one in members[waiting.pop()].dependencies:
            if one.kind == "normal" and one.name not in needed:
                needed[one.name] = None
                waiting += [one.name] if one.name in members else []
    for name in table.systems:
        if name not in needed:
            raise CargoError(f"`api.sys`: {package.name} does not depend on {name!r}")
    known = [name for name in needed if name in _CPYTHON]
    declaring = table.systems or known or [name for name in needed if name.endswith(_SUFFIXES)]

    def passes_on(name: str) -> bool:
        own = members.get(name)
        return own is not None and any(
            one.name in declaring or passes_on(one.name)
            for one in own.dependencies
            if one.kind == "normal"
        )

    found: dict[str, bool] = {}
    for name in needed:
        declares = name in declaring
        if declares or name == _PYO3 or passes_on(name) or (not declaring and name in members):
            found[_crate_name(name, members)] = declares
    if _PYO3 in needed:
        found.setdefault("pyo3_ffi", True)  # cargo tells only what members themselves need
    return found


def renamed_crates(build: Build, package: Package) -> dict[str, str]:
    """Return the crates that a package calls something else, by what it calls them."""
    members = {one.name: one for one in build.workspace.packages}
    return {
        one.rename.replace("-", "_"): _crate_name(one.name, members)
        for one in package.dependencies
        if one.rename and one.kind == "normal"
    }


def _crate_name(name: str, members: Mapping[str, Package]) -> str:
    own = members.get(name)
    if own is not None and own.library is not None:
        return own.library.crate_name
    return name.replace("-", "_")


def _holds(kept: Any) -> bool:
    """Tell whether a kept answer is about the files as they are."""
    return (
        isinstance(kept, dict)
        and isinstance(kept.get("files"), list)
        and all(list(stamp(one[0])) == one for one in kept["files"])
    )


def _restored(kept: Mapping[str, Any]) -> Judgement:
    findings = [Finding(**one) for one in kept["findings"]]
    return Judgement(findings, list(kept["problems"]), dict(kept["judged"]), kept["limits"])
