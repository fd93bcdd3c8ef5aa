"""Compares pytest's results with libtest's own JSON, for published crates of many kinds.

``python benchmarks/differential.py [CRATE...]`` downloads each crate once (through cargo), runs
its tests with cargo alone and with pytest, and prints a Markdown table. The exit code is 1 if a
result differs, and 2 if a crate cannot be downloaded. This script reads cargo's results with its
own code, not with the plugin's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "crates"
CRATES = {
    "itoa": "1.0.15",  # integration tests, a bench
    "semver": "1.0.26",  # many integration targets, doctests
    "either": "1.15.0",  # doctests in macros
    "heck": "0.5.0",  # unit tests made by macros
    "hex": "0.4.3",  # unit and integration tests, a bench
    "indoc": "2.0.6",  # procedural macros
    "fnv": "1.0.7",
    "scopeguard": "1.2.0",  # should_panic, an example
    "libtest-mimic": "0.8.1",  # targets with `harness = false`
    "percent-encoding": "2.3.1",
    "strsim": "0.11.1",
    "byteorder": "1.5.0",
    "humantime": "2.1.0",  # benches, integration tests
    "unindent": "0.2.4",
}
KINDS = {"lib": "unit", "bin": "unit", "test": "integration", "example": "example"}
KINDS |= {"bench": "bench", "proc-macro": "unit"}
EVENT = '{ "type": "'
WORDS = {"ok": "passed", "failed": "failed", "ignored": "skipped"}
Test = tuple[str, str, str, str]
"""Kind, target, name, outcome."""


class UnavailableError(Exception):
    """A crate cannot be downloaded."""


def call(
    words: Sequence[str], directory: Path, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command somewhere, and keep what it writes."""
    return subprocess.run(
        words, cwd=directory, env=environ, capture_output=True, text=True, check=False
    )


def fetch(name: str, version: str) -> Path:
    """Return the directory of a crate's own sources. Raises UnavailableError."""
    directory = CACHE / f"{name}-{version}"
    if directory.exists():
        return directory
    with tempfile.TemporaryDirectory() as scratch:
        manifest = Path(scratch) / "Cargo.toml"
        manifest.write_text(
            '[package]\nname = "scratch"\nversion = "0.0.0"\nedition = "2021"\n'
            f'[lib]\npath = "lib.rs"\n[dependencies]\n{name} = "={version}"\n',
            encoding="utf-8",
        )
        (manifest.parent / "lib.rs").touch()
        done = call(["cargo", "vendor", "--versioned-dirs", "vendor"], manifest.parent)
        if done.returncode:
            raise UnavailableError(f"{name} {version}: {done.stderr.strip().splitlines()[-1]}")
        CACHE.mkdir(parents=True, exist_ok=True)
        shutil.copytree(manifest.parent / "vendor" / directory.name, directory)
    # A workspace of its own, wherever the cache lies.
    with (directory / "Cargo.toml").open("a", encoding="utf-8") as file:
        file.write("\n[workspace]\n")
    return directory


def executables(directory: Path) -> dict[str, tuple[str, str]]:
    """Return kind and target of each test executable."""
    done = call(["cargo", "test", "--no-run", "--message-format=json"], directory)
    done.check_returncode()
    found = {}
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["profile"]["test"]:
            target = message["target"]
            found[message["executable"]] = (KINDS[target["kind"][0]], target["name"])
    return found


def cargos(directory: Path) -> Counter[Test]:
    """Run a crate's tests with cargo alone, which starts each binary through a small script."""
    targets = executables(directory)
    library = next((name for kind, name in targets.values() if kind == "unit"), directory.name)
    with tempfile.TemporaryDirectory() as scratch:
        runner = script(scratch, "runner", 'printf "\\n@@ %s\\n" "$1"\n', '"$@"')
        rustdoc = script(scratch, "rustdoc", 'printf "\\n@@ doctest\\n"\n', 'rustdoc "$@"')
        host = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
        triple = host.partition("host: ")[2].splitlines()[0].upper().replace("-", "_")
        # One thread: what another test writes meanwhile would cut an event in two.
        json_flags = ["-Z", "unstable-options", "--format", "json", "--test-threads=1"]
        own = {**os.environ, f"CARGO_TARGET_{triple}_RUNNER": runner, "RUSTDOC": rustdoc}
        done = call(["cargo", "test", "--no-fail-fast", "--", *json_flags], directory, own)
    found: Counter[Test] = Counter()
    kind, target = "", ""
    for line in done.stdout.splitlines():
        if line.startswith("@@ "):
            name = line.removeprefix("@@ ")
            kind, target = ("doctest", library) if name == "doctest" else targets[name]
        for event in events(line):
            if event["type"] == "test" and event["event"] in WORDS:
                found[kind, target, event["name"], WORDS[event["event"]]] += 1
    return found


def events(line: str) -> Iterator[dict[str, str]]:
    """Give libtest's events of a line, in which a test may have written before and behind them."""
    begin = line.find(EVENT)
    while begin >= 0:
        event, end = json.JSONDecoder().raw_decode(line, begin)
        yield event
        begin = line.find(EVENT, end)


def script(directory: str, name: str, first: str, command: str) -> str:
    """Write a program that says what it starts, and unlocks JSON for that alone."""
    path = Path(directory) / name
    path.write_text(f"#!/bin/sh\n{first}RUSTC_BOOTSTRAP=-1 exec {command}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def ours(directory: Path, *arguments: str) -> Counter[Test]:
    """Run a crate's tests with pytest; read the JUnit file."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "junit.xml"
        command = [sys.executable, "-m", "pytest", "--cpython-sys", f"--junitxml={report}"]
        command += ["-p", "no:cacheprovider", "-p", "no:randomly", "--rootdir=.", "-c", "/dev/null"]
        done = call([*command, *arguments], directory)
        if not report.exists():
            raise SystemExit(f"pytest wrote no report:\n{done.stdout}{done.stderr}")
        cases = list(ET.parse(report).iter("testcase"))
    found: Counter[Test] = Counter()
    for case in cases:
        known = {item.get("name", ""): item.get("value", "") for item in case.iter("property")}
        if not known:
            continue  # a test in Python
        tags = {child.tag for child in case}
        outcome = next((tag for tag in ("error", "failure", "skipped") if tag in tags), "passed")
        outcome = "failed" if outcome == "failure" else outcome
        if case.get("name") == "@empty":
            continue  # says that a target has no test, which libtest says by silence
        found[known["kind"], known["target"], known["rust_test"], outcome] += 1
    return found


def main() -> int:
    """Compare, and print a line a crate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("crates", nargs="*", help=f"of {', '.join(CRATES)}; default: all")
    parser.add_argument("--workers", default="", help="run pytest with -nWORKERS too")
    options = parser.parse_args()
    failed = False
    print("| crate | tests | of these skipped | of these doctests | result |")
    print("|---|---:|---:|---:|---|")
    for name in options.crates or CRATES:
        try:
            directory = fetch(name, CRATES[name])
        except UnavailableError as error:
            print(f"{name} is not available: {error}")
            return 2
        truth = cargos(directory)
        runs = [ours(directory)]
        if options.workers:
            runs.append(ours(directory, f"-n{options.workers}"))
        outcomes = Counter[str]()
        doctests = 0
        for (kind, _, _, outcome), count in truth.items():
            outcomes[outcome] += count
            doctests += count if kind == "doctest" else 0
        same = all(run == truth for run in runs)
        failed |= not same or not truth
        print(
            f"| {name} {CRATES[name]} | {truth.total()} | {outcomes['skipped']} "
            f"| {doctests} | {'same' if same else 'differs'} |"
        )
        for run in runs:
            for test in sorted((truth - run) + (run - truth)):
                print(f"  cargo {truth[test]}, pytest {run[test]}: {' | '.join(test)}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
