"""Puts faults into published bindings, and counts those that the comparison with C does not find.

    python benchmarks/seeded_faults.py [--each 20] [--seed 0] [--report FILE] [CRATE...]

Takes items of the crates in `published_abi.toml` that pass without minor differences, and changes
them in copies of the sources. A copy has many changed items, each with one fault. There are EACH
faults of each kind, from the crates in turn. A fault is missed if its item does not fail. Prints a
table and each missed fault. The exit code is 1 if a fault was missed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import re
import sys
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.differential import UnavailableError, call
from benchmarks.published_abi import WORK, Outcome, ask, environment, feature_flags, prepare
from benchmarks.rust_faults import RECORDS, Fault, faults, initialisers, without_layout_tests

CRATES = ("freetype-sys", "libgit2-sys", "hdf5-sys", "libbpf-sys", "libpulse-sys")
_ALIAS = re.compile(r"\bpub type (\w+)\s*=\s*(\w+);")
_DECLARED = re.compile(r"(?<![*\w])(?:const|enum|fn|static|struct|type|union)\s+(\w+)")
_INITIALISERS = "initialisers"
# Where these were seeded, C has an enum, which has no sign to be wrong, and a hole.
_NO_FAULTS = {("sign", "minor: enum"), ("extra field", "minor: hole")}
Place = tuple[str, Fault]
"""A file, relative to the crate, and what is to be changed in it."""


@dataclass
class Copy:
    """A copy of a crate, and what is to be wrong in it."""

    group: str
    places: list[Place] = field(default_factory=list)
    items: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)

    def takes(self, place: Place) -> bool:
        """Add a fault, unless one of the others would make its item fail as well."""
        fault = place[1]
        name = fault.item.partition("::")[2]
        names = {one.partition("::")[2] for one in self.items}
        if fault.item in self.items or name in self.uses or fault.uses & names:
            return False
        self.places.append(place)
        self.items.add(fault.item)
        self.uses |= fault.uses - {name}
        return True


@dataclass
class Result:
    """What came of a crate."""

    seeded: Counter[str] = field(default_factory=Counter)
    missed: list[tuple[str, str, Fault, str]] = field(default_factory=list)
    """Crate, file, fault, and what became of the item."""


def group_of(fault: Fault) -> str:
    """Return which faults may share a copy: an alias is used in the types of all others."""
    if "alias" in fault.kind:
        return "aliases"
    if fault.item.startswith("init::"):
        return _INITIALISERS
    return "layouts" if fault.item.startswith("layout::") else "functions and constants"


def candidates(directory: Path, good: Counter[str], rng: random.Random) -> dict[str, list[Place]]:
    """Return the faults of a crate by kind, each item's first ones before any item's second."""
    by_kind: dict[str, list[Place]] = defaultdict(list)
    count: Counter[str] = Counter()
    for path in sorted(directory.rglob("*.rs")):
        text = path.read_text(encoding="utf-8")
        count.update(_DECLARED.findall(text))
        for fault in faults(text):
            by_kind[fault.kind].append((str(path.relative_to(directory)), fault))
    for kind, places in by_kind.items():
        # What is declared twice may be the other one of them, or behind a `cfg`.
        own = [
            place
            for place in places
            if good[place[1].item] == count[place[1].item.rpartition("::")[2]] == 1
        ]
        rng.shuffle(own)
        seen: Counter[str] = Counter()
        turns = []
        for place in own:
            turns.append((seen[place[1].item], place))
            seen[place[1].item] += 1
        turns.sort(key=lambda turn: turn[0])
        by_kind[kind] = [place for _, place in turns]
    return by_kind


def choose(found: dict[str, dict[str, list[Place]]], each: int) -> dict[str, list[Place]]:
    """Return so many faults of each kind, of the crates in turn, by crate."""
    chosen: dict[str, list[Place]] = {name: [] for name in found}
    for kind in sorted({kind for kinds in found.values() for kind in kinds}):
        left = {name: kinds.get(kind, [])[::-1] for name, kinds in found.items()}
        for name in islice(cycle(left), each * len(left)):
            if sum(place[1].kind == kind for one in chosen.values() for place in one) == each:
                break
            if left[name]:
                chosen[name].append(left[name].pop())
    return chosen


def arrange(places: list[Place]) -> list[Copy]:
    """Put faults into as few copies as can be."""
    copies: list[Copy] = []
    for place in places:
        group = group_of(place[1])
        if not any(copy.group == group and copy.takes(place) for copy in copies):
            copies.append(Copy(group))
            copies[-1].takes(place)
    return copies


def fresh(name: str, entry: dict[str, Any], group: str = _INITIALISERS) -> Path:
    """Return a copy in which all is right, and that can be made wrong in one group."""
    # In a directory of its own: cargo goes by times, and would take a wrong one for the right one.
    directory = prepare(name, entry, WORK / "seeded")
    library = directory / library_of(directory)
    for path in directory.rglob("*.rs"):
        old = path.read_text(encoding="utf-8")
        text = without_layout_tests(old)
        if path == library:
            text += RECORDS
            if entry.get("initialisers") and group == _INITIALISERS:
                text += initialisers(old)
        if text != old:
            path.write_text(text, encoding="utf-8")
    return directory


def write(directory: Path, places: list[Place]) -> None:
    """Make a copy wrong."""
    for file in {file for file, _ in places}:
        text = (directory / file).read_text(encoding="utf-8")
        own = [fault for name, fault in places if name == file]
        for fault in sorted(own, key=lambda one: -one.start):
            assert text[fault.start : fault.end] == fault.before
            text = text[: fault.start] + fault.text + text[fault.end :]
        (directory / file).write_text(text, encoding="utf-8")


def library_of(directory: Path) -> str:
    """Return the root of a crate's library, relative to the crate."""
    manifest = tomllib.loads((directory / "Cargo.toml").read_text(encoding="utf-8"))
    return str(Path(manifest.get("lib", {}).get("path", "src/lib.rs")))


def compiled(directory: Path, entry: dict[str, Any], places: list[Place]) -> list[Place]:
    """Return the faults that rustc takes: those whose items no error is about."""
    flags = [f"--{flag}" for flag in feature_flags(entry)]
    command = ["cargo", "check", "--lib", "--quiet", "--message-format=short", *flags]
    done = call(command, directory, environment(directory, entry))
    if not done.returncode:
        return places
    words = set(re.findall(r"\w+", done.stderr))
    for file, line in re.findall(r"^(\S+):(\d+):\d+: error", done.stderr, re.MULTILINE):
        lines = (directory / file).read_text(encoding="utf-8").splitlines()[: int(line) + 2]
        words |= set(re.findall(r"\w+", " ".join(lines[-5:])))
        words |= set(_DECLARED.findall("\n".join(lines[:-2]))[-1:])
    aliases: dict[str, str] = {}
    for path in directory.rglob("*.rs"):
        aliases.update(_ALIAS.findall(path.read_text(encoding="utf-8")))
    for word in [*words]:  # a type that is another one's alias is as wrong as that
        for _ in range(8):
            word = aliases.get(word, word)
            words.add(word)
    kept = [one for one in places if one[1].item.rpartition("::")[2] not in words]
    if len(kept) == len(places):
        raise UnavailableError(f"rustc refuses a copy:\n{done.stderr[-3000:]}")
    return kept


def outcome_of(item: str, found: Outcome) -> str:
    """Return what became of an item; empty if it failed."""
    if item in found.failed:
        return ""
    if item in found.skipped:
        return f"skipped: {found.skipped[item]}"
    if item in found.letter:
        return f"minor: {found.letter[item]}"
    if item in found.passed:
        return "passed"
    name = item.rpartition("::")[2]
    reasons = (why for one, why in found.unanswered.items() if one.rpartition("::")[2] == name)
    return f"no item: {next(reasons, 'nothing is said of it')}"


def short(found: Outcome) -> Outcome:
    """Return an outcome with each item by its kind and last name alone."""

    def names(items: dict[str, str]) -> dict[str, str]:
        return {f"{one.split('::')[0]}::{one.split('::')[-1]}": why for one, why in items.items()}

    passed, letter = names(found.passed), names(found.letter)
    return dataclasses.replace(
        found,
        passed=passed,
        letter=letter,
        failed=names(found.failed),
        skipped=names(found.skipped),
    )


def look(
    name: str, entry: dict[str, Any], rng: random.Random, python: str
) -> dict[str, list[Place]]:
    """Return what can be made wrong in a crate. Raises UnavailableError."""
    directory = fresh(name, entry)
    before = ask(directory, name, entry, python)
    if before.trouble:
        raise UnavailableError(before.trouble)
    good: Counter[str] = Counter()
    for item in before.passed.keys() - before.letter.keys():
        parts = item.split("::")
        good[f"{parts[0]}::{parts[-1]}"] += 1
    return candidates(directory, good, rng)


def seed(name: str, entry: dict[str, Any], chosen: list[Place], python: str) -> Result:
    """Seed faults into a crate. Raises UnavailableError."""
    result = Result()
    for copy in arrange(chosen):
        places = copy.places
        while True:
            directory = fresh(name, entry, copy.group)
            write(directory, places)
            kept = compiled(directory, entry, places)
            if len(kept) == len(places):
                break
            places = kept
        after = short(ask(directory, name, entry, python))
        if after.trouble:
            raise UnavailableError(after.trouble)
        print(f"{name}: {copy.group}, {len(places)} faults", file=sys.stderr, flush=True)
        for file, fault in places:
            result.seeded[fault.kind] += 1
            outcome = outcome_of(fault.item, after)
            if (fault.kind.partition(",")[0], outcome) in _NO_FAULTS:
                result.seeded[fault.kind] -= 1
            elif outcome:
                result.missed.append((name, file, fault, outcome))
    return result


def main() -> int:
    """Print the table and the misses."""
    crates = tomllib.loads((Path(__file__).parent / "published_abi.toml").read_text("utf-8"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("crates", metavar="CRATE", nargs="*", default=CRATES)
    parser.add_argument("--each", type=int, default=20, help="number of faults of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="write the missed faults to FILE, as JSON"
    )
    options = parser.parse_args()
    results = {}
    WORK.mkdir(parents=True, exist_ok=True)
    found = {}
    for name in options.crates:
        rng = random.Random(f"{options.seed} {name}")
        found[name] = look(name, crates[name], rng, options.python)
    chosen = choose(found, options.each)
    for name in options.crates:
        results[name] = seed(name, crates[name], chosen[name], options.python)
        print(f"{name}: {results[name].seeded.total()} faults, {len(results[name].missed)} missed")
        sys.stdout.flush()
        if options.report is not None:
            misses = [
                {"crate": crate, "file": file, "outcome": outcome, **vars_of(fault)}
                for one in results.values()
                for crate, file, fault, outcome in one.missed
            ]
            options.report.write_text(json.dumps(misses, indent=1), encoding="utf-8")
    missed = Counter(f.kind for one in results.values() for _, _, f, _ in one.missed)
    kinds = sorted({kind for one in results.values() for kind in one.seeded})
    print(f"\n| fault | {' | '.join(results)} | all | missed |")
    print(f"|---|{'---:|' * (len(results) + 2)}")
    for kind in kinds:
        counts = [one.seeded[kind] for one in results.values()]
        cells = map(str, [*counts, sum(counts), missed[kind]])
        print(f"| {kind} | {' | '.join(cells)} |")
    for one in results.values():
        for crate, file, fault, outcome in one.missed:
            print(f"\n{crate} {file}: {fault.kind}, {fault.item}: {outcome}")
            print(f"    {fault.before.strip()!r} -> {fault.text.strip()!r}")
    return int(bool(missed))


def vars_of(fault: Fault) -> dict[str, Any]:
    """Return a fault as plain data."""
    return {"kind": fault.kind, "item": fault.item, "before": fault.before, "after": fault.text}


if __name__ == "__main__":
    sys.exit(main())
