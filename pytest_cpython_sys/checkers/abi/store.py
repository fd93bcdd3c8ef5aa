"""What was found out about a package, kept below cargo's target directory.

It holds as long as the library, the compiler, its flags, every header that was read, and we
ourselves are the same; then neither rustdoc nor a compiler is started.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import field, fields
from functools import cache
from typing import TYPE_CHECKING, Any

from ...cargo import read_json, stamp, write_json
from ...case import Case, Layouts, Location, Member, TypeLayout, Verdict
from ...late import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Findings", "code_stamps", "fingerprint", "load", "load_layouts", "save"]

_FORMAT = 7
_PASSED = Verdict("passed")


@dataclass
class Findings:
    """The cases of a package, and their verdicts once they are known."""

    cases: list[Case] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    """One for each case, in the order of the cases; empty as long as they are not known."""
    unmatched: list[tuple[str, str]] = field(default_factory=list)
    """Rust's names without a counterpart in C, each with the reason."""
    uncompared: list[tuple[str, str]] = field(default_factory=list)
    """Rust's names that C may know, and that are nothing to compare, each with the reason."""
    unused_keys: list[str] = field(default_factory=list)
    """Keys of the table that name what this build leaves out."""
    unanswered: list[tuple[int, str]] = field(default_factory=list)
    """Places of cases of which one of the compilers said nothing, each with the reason."""
    letters: list[tuple[int, str, str]] = field(default_factory=list)
    """Places of cases with only minor differences from C, each with the kinds and what differs."""
    missing: list[str] = field(default_factory=list)
    """Symbols that Rust declares and the interpreter does not export."""
    needed: list[str] | None = None
    """Those of them that the package uses itself; None where that cannot be told."""
    nothing: str = ""
    """Why nothing is compared with a header that a manifest names."""
    doubt: str | None = None
    """What is to be warned of once, however many packages it is true of."""
    facts: tuple[int, int] = (0, 0)
    """Sizes, alignments and fields: how many there are, and how many C answered."""
    files: list[str] = field(default_factory=list)
    """The headers that were read."""
    layouts: dict[int, Layouts] = field(default_factory=dict)
    """What was compared, by the case's place in the list. It has a file of its own: most runs want
    none of it."""

    @property
    def is_complete(self) -> bool:
        """Whether all verdicts are known."""
        return len(self.verdicts) == len(self.cases)

    @property
    def unneeded(self) -> list[str]:
        """The missing symbols that the package itself does not use, as far as that is known."""
        needed = self.needed
        return [] if needed is None else [one for one in self.missing if one not in needed]


def fingerprint(parts: Iterable[object]) -> str:
    """Return what stands for all that a result depends on."""
    text = json.dumps([_FORMAT, _own_code(), *parts], default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _own_code() -> list[tuple[str, int, int]]:
    """Return the stamps of our own code that verdicts depend on: a mended fault is asked again."""
    above = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return code_stamps(
        [
            os.path.join(above, name)
            for name in ("c", "object_files", os.path.join("checkers", "abi"))
        ]
    )


def code_stamps(directories: Iterable[str]) -> list[tuple[str, int, int]]:
    """Return the stamps of all modules in directories and below."""
    return sorted(
        stamp(os.path.join(directory, name))
        for top in directories
        for directory, _, names in os.walk(top)
        for name in names
        if name.endswith(".py")
    )


def load(path: str, key: str) -> Findings | None:
    """Return what was kept under a key; None if nothing was, or a header has changed since."""
    try:
        raw = read_json(path)
        if raw["key"] != key or any(list(stamp(one[0])) != one for one in raw["stamps"]):
            return None
        return Findings(
            cases=list(_cases(raw["common"], raw["cases"])),
            verdicts=[_verdict(one) if one else _PASSED for one in raw["verdicts"]],
            unmatched=[(name, reason) for name, reason in raw["unmatched"]],
            uncompared=[(name, reason) for name, reason in raw["uncompared"]],
            unused_keys=list(raw["unused_keys"]),
            unanswered=[(name, reason) for name, reason in raw["unanswered"]],
            letters=[(name, kinds, told) for name, kinds, told in raw["letters"]],
            missing=list(raw["missing"]),
            needed=raw["needed"],
            doubt=raw["doubt"],
            nothing=raw["nothing"],
            facts=(raw["facts"][0], raw["facts"][1]),
            files=[one[0] for one in raw["stamps"]],
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def load_layouts(path: str, key: str) -> dict[int, Layouts]:
    """Return the layouts that were kept under a key; empty if none were."""
    try:
        raw = read_json(f"{path}.layouts")
        if raw["key"] != key:
            return {}
        return {int(place): _layouts(one) for place, one in raw["layouts"].items()}
    except (ValueError, KeyError, TypeError, IndexError):
        return {}


def _layouts(raw: Any) -> Layouts:
    left, right, marked, titles = raw
    return Layouts(_type_layout(left), _type_layout(right), tuple(marked), (titles[0], titles[1]))


def _type_layout(raw: Any) -> TypeLayout:
    name, size, align, members = raw
    return TypeLayout(name, size, align, tuple(Member(*one) for one in members))


def _raw_layouts(layouts: Layouts) -> list[object]:
    sides = [
        [side.name, side.size, side.align, side.members] for side in (layouts.left, layouts.right)
    ]
    return [*sides, layouts.marked, layouts.titles]


def _cases(common: dict[str, Any], raw: Iterable[dict[str, Any]]) -> Iterator[Case]:
    """Yield cases: thousands of them have most in common, and that is kept once."""
    for one in raw:
        values = {**common, **one}
        levels = values["levels"] = tuple(values["levels"])
        values.setdefault("rust_test", "::".join(levels))
        if values["generated"] is not None:
            values["generated"] = Location(**values["generated"])
        yield Case(**values)


def _raw_cases(cases: Sequence[Case]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what the cases have in common, and what each has besides."""
    if not cases:
        return {}, []
    common = _plain(cases[0])
    del common["rust_test"]
    found = []
    for case in cases:
        own = _plain(case)
        if own["rust_test"] == "::".join(case.levels):
            del own["rust_test"]
        found.append(
            {
                name: value
                for name, value in own.items()
                if name == "rust_test" or common[name] != value
            }
        )
    return common, found


def _verdict(raw: dict[str, Any]) -> Verdict:
    location, layouts = raw.pop("location"), raw.pop("layouts")
    return Verdict(
        warnings=tuple(raw.pop("warnings")),
        location=Location(**location) if location else None,
        layouts=_layouts(layouts) if layouts else None,
        **raw,
    )


def _plain(value: Case | Verdict | Location) -> dict[str, Any]:
    """Return the fields of a dataclass, without the deep copies of ``dataclasses.asdict``."""
    found = {}
    for one in fields(value):
        content = getattr(value, one.name)
        if isinstance(content, Location):
            content = _plain(content)
        elif isinstance(content, Layouts):
            content = _raw_layouts(content)
        found[one.name] = content
    return found


def save(path: str, key: str, findings: Findings) -> None:
    """Keep findings; another process sees either all of them or none."""
    common, cases = _raw_cases(findings.cases)
    raw = {
        "key": key,
        "stamps": [stamp(name) for name in findings.files],
        "common": common,
        "cases": cases,
        "verdicts": [
            None if verdict == _PASSED else _plain(verdict) for verdict in findings.verdicts
        ],
        "unmatched": findings.unmatched,
        "uncompared": findings.uncompared,
        "unused_keys": findings.unused_keys,
        "unanswered": findings.unanswered,
        "letters": findings.letters,
        "missing": findings.missing,
        "needed": findings.needed,
        "doubt": findings.doubt,
        "nothing": findings.nothing,
        "facts": findings.facts,
    }
    if findings.layouts:
        layouts = {place: _raw_layouts(one) for place, one in findings.layouts.items()}
        write_json(f"{path}.layouts", {"key": key, "layouts": layouts})
    write_json(path, raw)
