"""The stable ABI: what a module says of it, and whether it uses nothing else of Python.

Which symbols are in it, and since when, is the list of the package ``abi3info``, made from
CPython's own ``Misc/stable_abi.toml``. What a module says is asked of pyo3's build script, as cargo
passes it on, or stands in the manifest. See https://docs.python.org/3/c-api/stable.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, NamedTuple

from ...cargo import CargoError
from ...case import Verdict
from ...extensions.extension import mention
from ...object_files.reader import undefined_symbols
from ...python.crates import PYO3, crate_dependencies, needed_by
from ...rust.metadata import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ...cargo import Build, Package, Workspace
    from ...extensions.extension import Extension
    from ...python.interpreter import Interpreter
    from ...rust.libraries import Libraries
    from ...rust.metadata import PolicyTable

__all__ = ["StableAbi", "declared", "judge_stable_abi", "not_judged"]

_MISSING: Final = (
    "which symbols are in the stable ABI is the list of abi3info, which is not installed: "
    'pip install "pytest-cpython-sys[abi3]"'
)
_LIMITED, _FREE_THREADED = "Py_LIMITED_API", "Py_GIL_DISABLED"
_CRATES: Final = ("pyo3_ffi", "pyo3")  # pyo3 0.14 and older is one crate
_SINCE: Final = re.compile(r"Py_3_(\d+)")
_PYTHONS: Final = re.compile(r"_?Py(?!Init_|ModExport_)[A-Z_]\w*")


@dataclass(frozen=True, slots=True)
class StableAbi:
    """Which stable ABI a module is built for."""

    kind: str
    """``abi3``, or ``abi3t`` for the one that free-threaded Pythons have, too."""
    minor: int
    """The oldest Python 3 that it is for."""
    said: str
    """How the module says so."""


def declared(extension: Extension, libraries: Libraries) -> list[StableAbi]:
    """Return the stable ABIs that a module is built for; none if it is built for one Python.

    There are two where pyo3 is built in two ways.
    """
    told = declared_in_table(extension.table)
    if told is not None:
        return [told]
    context, package = extension.context, extension.package
    build = context.build
    if not built_crates(build):
        # No test of it needs its library, so that nothing is said of what that is made of.
        if not needs_pyo3(build.workspace, package):
            return []
        try:
            build = libraries.more
        except CargoError:
            return []
    found = declared_by_pyo3(build)
    return found if found and needs_pyo3(build.workspace, package) else []


def declared_in_table(table: PolicyTable) -> StableAbi | None:
    """Return what a package's table says; None if it says nothing of a stable ABI."""
    if table.stable_abi is None:
        return None
    kind = "abi3t" if table.stable_abi.endswith("t") else "abi3"
    minor = int(table.stable_abi.removeprefix("3.").removesuffix("t"))
    return StableAbi(kind, minor, f'stable-abi = "{table.stable_abi}" in [{TABLE}]')


def needs_pyo3(workspace: Workspace, package: Package) -> bool:
    """Tell whether a package is built with pyo3, directly or through another crate."""
    crates = crate_dependencies(workspace.root, workspace.packages)
    return bool(PYO3 & needed_by(package.name, crates))


def built_crates(build: Build) -> dict[str, tuple[str, ...]]:
    """Return the features of the pyo3 crate that knows its Python, by the ids of packages."""
    crates: dict[str, dict[str, tuple[str, ...]]] = {name: {} for name in _CRATES}
    for artifact in build.artifacts:
        if artifact.target.kind == "lib" and artifact.target.crate_name in crates:
            crates[artifact.target.crate_name][artifact.package_id] = artifact.features
    return next(filter(None, crates.values()), {})


def declared_by_pyo3(build: Build) -> list[StableAbi]:
    """Return for which stable ABIs pyo3 was built; none if it was built for one Python.

    Its features alone do not say: ``abi3`` is nothing to a free-threaded Python before 3.15, and
    a version where none is named is that of the Python at hand. Its build script decides.
    """
    features = built_crates(build)
    found = [
        _of_pyo3(script.cfgs, features[script.package_id])
        for script in build.scripts
        if script.package_id in features and _LIMITED in script.cfgs
    ]
    return list(dict.fromkeys(found))


def _of_pyo3(cfgs: Sequence[str], features: Sequence[str]) -> StableAbi:
    kind = "abi3t" if _FREE_THREADED in cfgs else "abi3"
    minor = max((int(match[1]) for cfg in cfgs if (match := _SINCE.fullmatch(cfg))), default=2)
    named = f"{kind}-py3{minor}"
    return StableAbi(
        kind, minor, named if named in features else f"{kind}, built for Python 3.{minor}"
    )


class Entry(NamedTuple):
    """What is known of a symbol in the stable ABI."""

    minor: int
    """The Python 3 that it is part of it since."""
    where: str = ""
    """Where it is there alone: ``on Windows``, say."""


@dataclass(frozen=True)
class StableList:
    """The symbols of the stable ABI."""

    source: str
    """Who says so."""
    entries: Mapping[str, Entry] = field(repr=False)

    @property
    def newest(self) -> int:
        """The newest Python 3 that is known."""
        return max((entry.minor for entry in self.entries.values()), default=0)


def not_judged(stable: Sequence[StableAbi], python: Interpreter | None) -> str | None:
    """Return why it cannot be judged what a module uses; None if it can."""
    if len(stable) > 1:
        return f"pyo3 is built in several ways here: {' and '.join(one.said for one in stable)}"
    (abi,) = stable
    if not _has_list():
        return _MISSING
    if python is not None and abi.kind == "abi3" and python.gil_disabled:
        return f"{python.describe()} is free-threaded and has no abi3; the module says {abi.said}"
    return None


def judge_stable_abi(extension: Extension, abi: StableAbi, library: str) -> Verdict:
    """Judge a built module. Raises OSError."""
    verdict = judge_symbols(abi, imported_symbols(library), read_list())
    package, target = extension.package, extension.target
    for line in verdict.message.splitlines() if verdict.outcome == "failed" else ():
        place = mention(extension.context.build, package, target, line.split()[0])
        if place is not None:
            return replace(verdict, location=place)
    return verdict


def _has_list() -> bool:
    try:
        return bool(read_list().entries)
    except ImportError:
        return False


@cache
def read_list() -> StableList:
    """Return what is in the stable ABI. Raises ImportError."""
    import abi3info

    entries = {
        symbol.name: Entry(one.added.minor, one.ifdef.doc if one.ifdef is not None else "")
        for symbol, one in (*abi3info.FUNCTIONS.items(), *abi3info.DATAS.items())
    }
    return StableList(f"abi3info {version('abi3info')}", entries)


def imported_symbols(path: str) -> list[str] | None:
    """Return what a library wants of Python, sorted; None where its format is not known.

    Raises OSError.
    """
    with open(path, "rb") as file:
        found = undefined_symbols(file.read(), dynamic=True)
    return sorted(filter(_PYTHONS.fullmatch, found)) if found is not None else None


def judge_symbols(abi: StableAbi, symbols: Iterable[str] | None, known: StableList) -> Verdict:
    """Judge what a library imports; what cannot be known is skipped."""
    if symbols is None:
        return Verdict("skipped", message="what the library imports is not known: it is no ELF")
    symbols = list(symbols)
    if not symbols:
        return Verdict(
            "skipped",
            message="the library imports nothing of Python: libpython is linked into it, "
            "and what it uses of that is not known",
        )
    faults = list(_faults(abi, symbols, known))
    unlisted = [name for name in symbols if name not in known.entries]
    if unlisted and abi.minor > known.newest:
        return Verdict(
            "skipped",
            message=f"{known.source} knows the stable ABI up to 3.{known.newest}, and the module "
            f"says {abi.said}: pip install --upgrade abi3info",
        )
    notes = [
        f"{name} is part of the stable ABI {where}, and nowhere else"
        for name in symbols
        if (where := known.entries.get(name, Entry(0)).where)
    ]
    notes.append(f"{len(symbols)} symbols, by {known.source}")
    output = "\n".join(notes)
    if faults:
        return Verdict("failed", message="\n".join(faults), output=output)
    return Verdict("passed", output=output)


def _faults(abi: StableAbi, symbols: Iterable[str], known: StableList) -> Iterator[str]:
    for name in symbols:
        entry = known.entries.get(name)
        if entry is None:
            yield f"{name} is part of no stable ABI; the module says {abi.said}"
        elif entry.minor > abi.minor:
            since = f"since 3.{entry.minor}"
            yield f"{name} is part of the stable ABI {since}; the module says {abi.said}"
