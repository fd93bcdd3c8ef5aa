"""Compares published crates with the C headers that they bind.

    python benchmarks/published_abi.py [--python PYTHON] [--report FILE] [CRATE...]

Downloads each crate of `published_abi.toml` once (through cargo), makes it a separate workspace
with a header that includes what the crate binds, and runs pytest in it. Prints a line for each
crate. FILE gets each item that failed or was skipped and each name without an item, with the
reasons. If the Debian packages of a crate are not installed, the script says so and leaves out the
crate.

The exit code is 1 if a crate was left out or gave no verdict, or if an item fails that is not in
`published_abi_seen.toml`, so that a person must check it. `docs/developers/published-crates.md` has
the results.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.differential import UnavailableError, call, fetch

ROOT = Path(__file__).parents[1]
WORK = ROOT / ".cache" / "published-abi"
HEADER = "compared.h"
SEEN = "published_abi_seen.toml"
Table = dict[str, Any]

# "curl-sys: 4 names have no counterpart in C", and below it "    NAME: reason".
_REMARK = re.compile(r"^(?P<crate>\S+): (?P<count>\d+) (?P<about>.*)$")
_DETAIL = re.compile(r"^ {4}(?P<name>\S+): (?P<reason>.*)$")
_FENCED = re.compile(r"['`\"].*?['`\"]")
# What a reason says of one name alone, so that equal reasons are counted as one.
_PARTICULAR = (
    (re.compile(r"^no answer from the C compiler for [^:]*: "), "C: "),
    (re.compile(r"^\S+ points to something in Rust"), "it points to something in Rust"),
    (re.compile(r"a constant of type .* cannot be"), "a constant of this type cannot be"),
    (re.compile(r"no (function|variable|constant|type) (?!of )\S+$"), r"no \1 of that name"),
    (re.compile(r"differ from it only in case: .*"), "differ from it only in case"),
    (re.compile(r"C has no type \S+"), "C has no type X"),
    (re.compile(r"\b\d+\b"), "N"),
)


@dataclass
class Outcome:
    """What pytest said of one crate."""

    crate: str
    items: int = 0
    passed: dict[str, str] = field(default_factory=dict)
    letter: dict[str, str] = field(default_factory=dict)
    """Those of the passed items with minor differences, and the kinds of that."""
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    unanswered: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    """Where an item of a name stands that is the first of that name."""
    trouble: str = ""


def missing_packages(wanted: list[str]) -> list[str]:
    """Return which of Debian's packages are not installed; none where dpkg is unknown."""
    if not wanted or shutil.which("dpkg-query") is None:
        return []
    done = call(["dpkg-query", "-W", "-f", "${Package} ${Status}\n", *wanted], ROOT)
    known = {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if name not in known]


def prepare(name: str, entry: Table, where: Path = WORK) -> Path:
    """Return a copy of a crate with a header and a table. Raises UnavailableError."""
    source = fetch(name, entry["version"])
    directory = where / source.name
    if directory.exists():
        shutil.rmtree(directory)
    shutil.copytree(source, directory)
    add_header(directory, entry)
    return directory


def add_header(directory: Path, entry: Table) -> None:
    """Give a crate the header that speaks for it. Raises UnavailableError."""
    flags = list(entry.get("flags", ()))
    if entry.get("pkg-config"):
        done = call(["pkg-config", "--cflags", *entry["pkg-config"]], directory)
        if done.returncode:
            raise UnavailableError(done.stderr.strip())
        flags += done.stdout.split()
    lines = [*entry.get("before", ()), *(f"#include <{one}>" for one in entry["headers"])]
    (directory / HEADER).write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = ["", "[package.metadata.cpython-sys]", f'header = "{HEADER}"']
    table.append(f"include-dirs = {json.dumps(entry.get('include-dirs', []))}")
    table.append(f"flags = {json.dumps(flags)}")
    names = {**prefixed(directory, entry.get("prefix", ""), flags), **entry.get("names", {})}
    if names:
        table.append("[package.metadata.cpython-sys.names]")
        table += [f"{json.dumps(one)} = {json.dumps(c)}" for one, c in names.items()]
    manifest = directory / "Cargo.toml"
    times = (manifest.stat().st_atime, manifest.stat().st_mtime)
    with manifest.open("a", encoding="utf-8") as file:
        file.write("\n".join(table) + "\n")
    for path in (manifest, directory / HEADER):  # else C libraries would be built once more
        os.utime(path, times)


def environment(directory: Path, entry: Table) -> dict[str, str]:
    """Return the environment of cargo and pytest: neighbours share what they depend on."""
    target = str(directory.parent / "target")
    own = {"CARGO_TARGET_DIR": target, "CARGO_PROFILE_DEV_DEBUG": "0"}
    return {**os.environ, **own, "COLUMNS": "10000", **entry.get("environ", {})}


def prefixed(directory: Path, prefix: str, flags: list[str]) -> dict[str, str]:
    """Return C's names for constants whose prefix a crate has left out."""
    if not prefix:
        return {}
    in_c = set(re.findall(r"\w+", call(["cc", *flags, "-E", HEADER], directory).stdout))
    text = "\n".join(path.read_text(encoding="utf-8") for path in directory.rglob("*.rs"))
    found = re.findall(r"^pub const (\w+)\s*:", text, re.MULTILINE)
    return {name: prefix + name for name in found if prefix + name in in_c}


def feature_flags(entry: Table) -> list[str]:
    """Return which features a crate is built with, as cargo's options without their dashes."""
    flags = [] if entry.get("default-features", True) else ["no-default-features"]
    if entry.get("features"):
        flags.append(f"features={','.join(entry['features'])}")
    return flags


def ask(directory: Path, name: str, entry: Table, python: str) -> Outcome:
    """Run pytest in a crate."""
    environ = environment(directory, entry)
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log.json"
        command = [sys.executable, "-m", "pytest", "--cpython-sys", "--cpython-sys-abi=all"]
        command += ["-v", "-m", "rust_abi", f"--rootdir={directory}", "-c", os.devnull]
        command += [
            "--noconftest",
            "--cargo-no-doctests",
            f"--cpython-sys-python={python}",
            f"--report-log={log}",
        ]
        for plugin in ("cacheprovider", "randomly", "xdist", "run-parallel"):
            command += ["-p", f"no:{plugin}"]
        command += [f"--cargo-{flag}" for flag in feature_flags(entry)]
        done = subprocess.run(
            command, cwd=directory, env=environ, capture_output=True, text=True, check=False
        )
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    found = Outcome(f"{name} {entry['version']}")
    for line in lines:
        report = json.loads(line)
        if report.get("$report_type") == "TestReport":
            _count(report, found)
    _read_remarks(done.stdout, found)
    if not found.items or done.returncode not in (0, 1):
        words = re.sub(r"([=_-])\1{20,}", r"\1\1\1", done.stdout + done.stderr)
        found.trouble = f"exit code {done.returncode}\n{words}"
    return found


def _count(report: Table, found: Outcome) -> None:
    """Count one phase of an item."""
    file, _, name = report["nodeid"].partition("::@abi::")
    if report["when"] == "setup":
        found.items += 1
        found.files.setdefault(name, file)
    if found.files[name] != file:  # two modules may declare one name
        name = f"{name} in {file}"
    if report["outcome"] == "failed":
        found.failed[name] = _words(report["longrepr"])
    elif report["outcome"] == "skipped":
        found.skipped[name] = _words(report["longrepr"]).removeprefix("Skipped: ")
    elif report["when"] == "call":
        found.passed[name] = "\n".join(text.strip() for _, text in report["sections"])


def _words(longrepr: Any) -> str:
    if isinstance(longrepr, dict):
        entries = longrepr["reprtraceback"]["reprentries"]
        return "\n".join(line for entry in entries for line in entry["data"]["lines"])
    return str(longrepr[-1] if isinstance(longrepr, list) else longrepr)


def _read_remarks(text: str, found: Outcome) -> None:
    """Read what the summary says of items with minor differences, and of names without an item."""
    crate = found.crate.partition(" ")[0]
    into: dict[str, str] | None = None
    for line in text.splitlines():
        remark, detail = _REMARK.match(line), _DETAIL.match(line)
        if remark is not None and remark["crate"] == crate:
            found.remarks.append(line)
            into = found.letter if "minor differences" in remark["about"] else found.unanswered
            into = None if "no answer" in remark["about"] else into
        elif detail is not None and into is not None:
            into[detail["name"]] = detail["reason"]
        else:
            into = None


def kind(reason: str) -> str:
    """Return a reason without what it says of one name alone."""
    text = _FENCED.sub("X", reason.strip().partition("\n")[0])
    for pattern, words in _PARTICULAR:
        text = pattern.sub(words, text)
    return text


def row(found: Outcome) -> str:
    """Return a line of the table."""
    cells = [found.crate, found.items, len(found.passed), len(found.letter), len(found.failed)]
    cells += [len(found.skipped), len(found.unanswered)]
    return f"| {' | '.join(map(str, cells))} |"


def record(found: Outcome) -> Table:
    """Return what the report says of a crate."""
    return {
        "crate": found.crate,
        "items": found.items,
        "passed": {name: text for name, text in found.passed.items() if text},
        "letter": found.letter,
        "failed": found.failed,
        "skipped": found.skipped,
        "unanswered": found.unanswered,
        "remarks": found.remarks,
        "trouble": found.trouble,
    }


def kind_of_failure(seen: Table, crate: str, item: str) -> str:
    """Return what somebody has found out about an item that fails; empty if nobody has."""
    name = crate.partition(" ")[0]
    plain = item.partition(" ")[0]
    plain = f"{plain.partition('::')[0]}::{plain.rpartition('::')[2]}"
    for about, crates in seen.items():
        if any(fnmatchcase(plain, pattern) for pattern in crates.get(name, ())):
            return str(about)
    return ""


def print_failures(outcomes: list[Outcome], seen: Table) -> int:
    """Print what fails by kind; return how many items nobody has looked at."""
    kinds: dict[str, list[str]] = {}
    for found in outcomes:
        for item in found.failed:
            about = kind_of_failure(seen, found.crate, item)
            kinds.setdefault(about, []).append(f"{found.crate.partition(' ')[0]} {item}")
    new = kinds.pop("", [])
    print("\n| items | kind |\n|---:|---|")
    for about, items in sorted(kinds.items(), key=lambda one: -len(one[1])):
        print(f"| {len(items)} | {about} |")
    for item in new:
        print(f"not in {SEEN}: {item}", file=sys.stderr)
    return len(new)


def print_reasons(outcomes: list[Outcome]) -> None:
    """Print why names have no answer, a crate at a time."""
    print("\n| crate | names | reason |\n|---|---:|---|")
    for found in outcomes:
        for words, names in (("skipped: ", found.skipped), ("", found.unanswered)):
            for text, count in Counter(map(kind, names.values())).most_common():
                print(f"| {found.crate} | {count} | {words}{text} |")


def main() -> int:
    """Print the tables."""
    crates = tomllib.loads((Path(__file__).with_suffix(".toml")).read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("crates", metavar="CRATE", nargs="*", help=f"default: all {len(crates)}")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="write the details to FILE, as JSON"
    )
    options = parser.parse_args()
    unknown = sorted(set(options.crates) - crates.keys())
    if unknown:
        parser.error(f"no such crate in the list: {', '.join(unknown)}")
    outcomes: list[Outcome] = []
    left_out = 0
    print(
        "| crate | items | passed | passed with minor differences | failed | skipped "
        "| names without an item |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in options.crates or crates:
        entry = crates[name]
        needed = missing_packages(entry.get("packages", []))
        try:
            if needed:
                raise UnavailableError(f"install {' '.join(needed)}")
            found = ask(prepare(name, entry), name, entry, options.python)
        except UnavailableError as error:
            print(f"{name}: {error}", file=sys.stderr)
            left_out += 1
            continue
        outcomes.append(found)
        print(row(found), flush=True)
        if found.trouble:
            print(f"{name}: {found.trouble}", file=sys.stderr)
        if options.report is not None:
            text = json.dumps([record(one) for one in outcomes], indent=1)
            options.report.write_text(text, encoding="utf-8")
    keys = ("passed", "letter", "failed", "skipped", "unanswered")
    total = [sum(one.items for one in outcomes)]
    total += [sum(len(getattr(one, key)) for one in outcomes) for key in keys]
    print(f"| **{len(outcomes)} crates** | {' | '.join(map(str, total))} |")
    seen = tomllib.loads((Path(__file__).parent / SEEN).read_text(encoding="utf-8"))
    new = print_failures(outcomes, seen)
    print_reasons(outcomes)
    return int(bool(left_out or new) or any(found.trouble for found in outcomes))


if __name__ == "__main__":
    sys.exit(main())
