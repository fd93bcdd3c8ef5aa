"""What is true of a project: asked of cargo and rustc alone, in a copy of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .cargo_test import CargoTest, Executable, build, listed, run_tests, verdict
from .running import write_files
from .units import Unit, mutated, noted_units, sizes_in_error, types_in_error, write_wrapper

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .model import Book, Owner
    from .project import Project

__all__ = ["MistakeError", "Process", "Truth", "UnitTruth", "find_truth", "stuck_targets"]


class MistakeError(Exception):
    """A project that does not even compile once it is repaired: the generator's mistake."""


class UnitTruth(NamedTuple):
    """What rustc says of a unit."""

    owner: Owner
    compiled: frozenset[int]
    """Sizes of types whose blocks are compiled: with a wrong number each is an E0080."""
    state: str
    """ok; broken: it has an error that is no wrong layout; blocked: by another unit's."""
    reported: frozenset[str]
    """Of a broken unit: types that rustc finds wrong in the project as it is."""


@dataclass(frozen=True)
class Process:
    """What one test program did."""

    owner: Owner
    failed: bool
    verdicts: dict[str, str]
    """By name as cargo prints it."""


class _Books(NamedTuple):
    """A project as it is, and with what keeps rustc from saying more left out."""

    given: Book
    right: Book
    sound: Book
    repaired: Book


@dataclass
class Truth:
    """All of it."""

    code: int
    """The exit code of `cargo test` on the project as it is."""
    book: Book
    processes: list[Process] = field(default_factory=list)
    doctests: CargoTest | None = None
    units: list[UnitTruth] = field(default_factory=list)


def find_truth(project: Project, directory: Path) -> Truth:
    """Ask cargo and rustc, in a directory that is theirs. Raises MistakeError."""
    books = _Books(
        project.write_book(),
        project.write_book(right=True),
        project.write_book(sound=True),
        project.write_book(right=True, sound=True),
    )
    place = directory / "project"
    root = place / project.base
    write_files(place, books.repaired.files)
    wrapper, calls = write_wrapper(directory)
    code, said, executables = build(root, {"RUSTC_WRAPPER": str(wrapper)})
    if code:
        raise MistakeError(said)
    units = noted_units(calls)
    ran = run_tests(root)
    truth = Truth(ran.code, books.given, doctests=ran)
    processes = {}
    for executable in executables:
        owner = books.given.owners.get(_relative(executable.root, place))
        if owner is not None:
            stem = executable.path.rpartition("/")[2]
            processes[stem] = _process(executable, owner, books.given, ran, root)
    scripts = {
        package.name: {name for kind, name, _ in package.depends if kind == "build-dependencies"}
        for package in project.packages()
    }
    truth.units = _judge_units(books, units, place, directory, scripts)
    for unit, found in zip(_owned(books.given, units, place), truth.units, strict=True):
        if found.state != "ok":
            processes.pop(unit.stem, None)
    truth.processes = list(processes.values())
    if books.given.files != books.repaired.files:
        write_files(place, books.given.files)
        truth.code = run_tests(root).code
    return truth


def _relative(path: str, place: Path) -> str:
    return path.removeprefix(f"{place}/")


def _owned(book: Book, units: list[Unit], place: Path) -> list[Unit]:
    return [unit for unit in units if _relative(unit.root, place) in book.owners]


def _put(book: Book, units: list[Unit], place: Path) -> None:
    """Write a project's files, and what its build scripts would write."""
    write_files(place, book.files)
    for unit in units:
        out, package = unit.output_directory(), dict(unit.env).get("CARGO_PKG_NAME", "")
        if out is not None:
            write_files(Path(out), book.generated.get(package, {}))


def _judge_units(
    books: _Books,
    units: list[Unit],
    place: Path,
    scratch: Path,
    scripts: Mapping[str, Collection[str]],
) -> list[UnitTruth]:
    owned = _owned(books.given, units, place)
    holders = {placed.owner.root for placed in books.given.placed if "block" in placed.what}
    outputs = {unit.output_directory() for unit in owned} - {None}
    compiled: dict[Unit, set[int]] = {}
    # Types may be of another size in another unit: as they are, and every number wrong.
    _put(books.sound, owned, place)
    with mutated(str(place), *sorted(filter(None, outputs))):
        for unit in owned:
            if _relative(unit.root, place) in holders:
                compiled[unit] = sizes_in_error(unit.errors(scratch))
    states = dict.fromkeys(owned, "ok")
    reported: dict[Unit, set[str]] = {}
    if books.right.files != books.repaired.files:
        _put(books.right, owned, place)
        states = {unit: "broken" if unit.errors(scratch) else "ok" for unit in owned}
        owners = {unit: books.given.owners[_relative(unit.root, place)] for unit in owned}
        broken = {owners[unit] for unit, state in states.items() if state == "broken"}
        _block(states, owners, scripts, stuck_targets(books.given, broken))
        _put(books.given, owned, place)
        for unit, state in states.items():
            if state == "broken":
                reported[unit] = types_in_error(unit.errors(scratch))
    return [
        UnitTruth(
            books.given.owners[_relative(unit.root, place)],
            frozenset(compiled.get(unit, ())),
            states[unit],
            frozenset(reported.get(unit, ())),
        )
        for unit in owned
    ]


def stuck_targets(book: Book, broken: Collection[Owner]) -> set[Owner]:
    """Return the targets with wrong layouts of which another way has another error.

    ``broken``: those with such an error. Only where nothing but layouts is wrong, a second build
    leaves these out.
    """
    return {
        placed.owner
        for placed in book.placed
        if "block" in placed.what
        and placed.owner in broken
        and not (placed.holds and placed.recorded in placed.sizes)
    }


def _block(
    states: dict[Unit, str],
    owners: Mapping[Unit, Owner],
    scripts: Mapping[str, Collection[str]],
    stuck: Collection[Owner],
) -> None:
    """Mark what cannot be compiled since another unit has an error.

    ``scripts``: the packages that the build script of each package needs; ``stuck``: targets
    that others cannot link to, whatever is the matter with them.
    """
    changed = True
    while changed:
        bad = [
            unit
            for unit, state in states.items()
            if (state != "ok" or owners[unit] in stuck) and not unit.test
        ]
        stems = {unit.stem for unit in bad}
        libraries = {owners[unit].package for unit in bad if owners[unit].kind == "lib"}
        waiting = [unit for unit, state in states.items() if state == "ok"]
        blocked = [
            unit
            for unit in waiting
            if stems.intersection(unit.externs)
            or libraries.intersection(scripts[owners[unit].package])
        ]
        states.update(dict.fromkeys(blocked, "blocked"))
        changed = bool(blocked)


def _process(
    executable: Executable, owner: Owner, book: Book, ran: CargoTest, root: Path
) -> Process:
    section = ran.sections.get(executable.path)
    if section is None:
        raise MistakeError(f"cargo did not run {executable.path}:\n{ran.output}")
    if owner.program.startswith("trials"):
        # Their names may hold anything, line breaks too: the project says which there are.
        names = [entry.key for entry in book.placed if (entry.owner, entry.what) == (owner, "test")]
    elif owner.program:
        return Process(owner, section.failed, {"@main": "failed" if section.failed else "passed"})
    else:
        names = listed(executable.path, root)
    verdicts = {}
    for name in names:
        found = verdict(name, section.output)
        verdicts[name] = found or _alone(name, executable, owner, root)
    return Process(owner, section.failed, verdicts)


def _alone(name: str, executable: Executable, owner: Owner, root: Path) -> str:
    """Return what becomes of a test in a process of its own, where cargo does not say it."""
    flag = ["--lib"] if owner.kind == "lib" else [f"--{owner.kind}", owner.name]
    # A target of this name in another package may need features: cargo then refuses the flag.
    for selected in (flag, []):
        ran = run_tests(root, *selected, "--", "--exact", name)
        section = ran.sections.get(executable.path)
        if section is not None:
            break
    else:
        raise MistakeError(f"cargo did not run {executable.path} for {name}:\n{ran.output}")
    found = verdict(name, section.output)
    if section.failed and found == "passed":
        return "error"  # of its process
    return "failed" if section.failed or found is None else found
