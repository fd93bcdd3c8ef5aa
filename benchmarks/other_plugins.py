"""Runs a small project with other pytest plugins, one at a time, and prints what each changes.

    python benchmarks/other_plugins.py [--directory DIR] [--python PYTHON] [--write] [PLUGIN...]

`other_plugins.toml` lists the plugins by their names on PyPI, with the option that turns each on.
Each plugin gets a separate environment (made by `uv` if it is installed, or else by venv and pip).
There the tests of `other_plugins_project` run with the plugin, with and without `--cpython-sys`.
Without the plugin they run in another environment. The script compares internal errors, exit codes,
missing and repeated items, and the result of each item. Each test in Rust has a twin in Python, and
a plugin must do the same to both. The table must list any other difference, with the reason.
`--write` writes `docs/reference/other-plugins.md`. The exit code is 1 if there is a difference that
the table does not list, and 2 if a plugin cannot be installed.
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
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).parent
ROOT = HERE.parent
PROJECT = HERE / "other_plugins_project"
LIST = HERE / "other_plugins.toml"
PAGE = ROOT / "docs" / "reference" / "other-plugins.md"
BEGIN, END = "<!-- table -->", "<!-- end of the table -->"
LIMIT = 180
"""Seconds that one run may take."""
SAMPLE = "test_twins.py::test_passes"
"""A test in Python: there are to be as many of each in Rust."""
Table = dict[str, Any]


class UnavailableError(Exception):
    """A plugin cannot be installed."""


@dataclass
class Run:
    """What one run of pytest has said, or several that share the items among them."""

    code: list[int] = field(default_factory=list)
    text: str = ""
    collected: Counter[str] = field(default_factory=Counter)
    """Items that were to run."""
    outcomes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What became of each item: a word each time it ran."""
    junit: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """What the JUnit file says."""

    @property
    def raised(self) -> bool:
        """Whether pytest or a plugin has failed, not a test."""
        return "INTERNALERROR" in self.text or not set(self.code) <= {0, 1, 5}

    def outcomes_of_sample(self) -> set[tuple[str, ...]]:
        """Return what became of a test in Python that passes."""
        return {words for node, words in self.outcomes.items() if without(node) == SAMPLE}


def outcomes_of(reports: Sequence[tuple[str, str, str, bool]]) -> dict[str, tuple[str, ...]]:
    """Return what became of each item, out of all reports in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    for node, when, outcome, expected in reports:
        word = outcome
        if when == "call" and outcome in ("passed", "skipped") and expected:
            word = "xpassed" if outcome == "passed" else "xfailed"
        elif when != "call" and outcome == "failed":
            word = f"error at {when}"
        elif when != "call" and outcome == "passed":
            continue
        elif outcome == "skipped" and expected:
            word = "xfailed"
        found[node].append(word)
    return {node: tuple(words) for node, words in found.items()}


def junit_of(path: Path) -> Counter[tuple[str, str, str]]:
    """Return each test of a JUnit file with what became of it."""
    found: Counter[tuple[str, str, str]] = Counter()
    for case in ET.parse(path).iter("testcase") if path.exists() else ():
        words = sorted({child.tag for child in case} & {"error", "failure", "skipped"})
        found[case.get("classname", ""), case.get("name", ""), ",".join(words)] += 1
    return found


class Environment:
    """A Python with pytest, this package and one other plugin."""

    def __init__(self, where: Path, python: str) -> None:
        self.where = where
        self._python = python

    @property
    def bin(self) -> Path:
        """Where its programs lie."""
        return self.where / "bin"

    def make(self, requirements: Sequence[str]) -> None:
        """Install what is needed, unless it was. Raises UnavailableError."""
        wanted = ["pytest", "-e", str(ROOT), *requirements]
        stamp = self.where / "installed.json"
        if stamp.exists() and json.loads(stamp.read_text(encoding="utf-8")) == wanted:
            return
        shutil.rmtree(self.where, ignore_errors=True)
        uv = shutil.which("uv")
        python = str(self.bin / "python")
        if uv:
            commands = [
                [uv, "venv", "-q", "--python", self._python, str(self.where)],
                [uv, "pip", "install", "-q", "--python", python, *wanted],
            ]
        else:
            commands = [
                [self._python, "-m", "venv", str(self.where)],
                [python, "-m", "pip", "install", "-q", *wanted],
            ]
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise UnavailableError(done.stderr.strip()[-1500:])
        stamp.write_text(json.dumps(wanted), encoding="utf-8")

    def version(self, name: str) -> str:
        """Return the version of an installed distribution."""
        code = f"from importlib.metadata import version; print(version({name!r}))"
        command = [str(self.bin / "python"), "-c", code]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class Plugin:
    """A plugin of the list."""

    def __init__(self, name: str, entry: Table, options: argparse.Namespace) -> None:
        self.name = name
        self.entry = entry
        self.place: Path = options.directory / "project"
        self.environment = Environment(options.directory / "environments" / name, options.python)
        self._target: Path = options.directory / "target"
        self._differs: Mapping[str, str] = entry.get("differs", {})
        self.excepted: set[str] = set()
        """Patterns of differences that were met, and somebody has looked at."""

    def run(self, *, plugin: bool, rust: bool, record: bool = True) -> Run:
        """Run the project, with all options that switch the plugin on."""
        found = Run()
        for options in self.entry.get("runs", [self.entry.get("options", [])]) if plugin else [[]]:
            self._lay(plugin=plugin)
            self._add(found, options if plugin else [], rust=rust, record=record)
        return found

    def _lay(self, *, plugin: bool) -> None:
        """Lay the project as it stands, and what the plugin needs; what was built stays."""
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(PROJECT, self.place, ignore=shutil.ignore_patterns("__pycache__", "target"))
        ini = self.entry.get("ini", []) if plugin else []
        text = "\n".join(["[pytest]", "cache_dir = .cache", *ini])
        (self.place / "pytest.ini").write_text(f"{text}\n", encoding="utf-8")
        if plugin:
            for name, text in self.entry.get("files", {}).items():
                with (self.place / name).open("a", encoding="utf-8") as file:
                    file.write(text)
            for command in self.entry.get("before", ()):
                subprocess.run(command, cwd=self.place, check=True, capture_output=True)

    def _add(self, found: Run, options: Sequence[str], *, rust: bool, record: bool) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            log, junit = Path(scratch, "log.json"), Path(scratch, "junit.xml")
            command = [str(self.environment.bin / "python"), "-m", "pytest", f"--junitxml={junit}"]
            command += ["--cpython-sys"] if rust else []
            command += ["-p", "other_plugins_recorder"] if record else []
            # Without it: nothing else of this environment is a plugin that changes anything.
            environ = {name: value for name, value in os.environ.items() if not _ours(name)}
            environ |= {"RECORD": str(log), "PYTHONPATH": str(HERE), "COLUMNS": "100"}
            environ |= {"CARGO_TARGET_DIR": str(self._target), **self.entry.get("environment", {})}
            try:
                done = subprocess.run(
                    [*command, *options],
                    cwd=self.place,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                    timeout=LIMIT,
                    check=False,
                )
                found.code.append(done.returncode)
                found.text += done.stdout
            except subprocess.TimeoutExpired as error:
                found.code.append(-1)
                found.text += str(error)
            found.junit += junit_of(junit)
            if log.exists():
                recorded = json.loads(log.read_text(encoding="utf-8"))
                found.collected.update(recorded["collected"])
                for node, words in outcomes_of(recorded["reports"]).items():
                    found.outcomes[node] = found.outcomes.get(node, ()) + words

    def is_new(self, line: str) -> bool:
        """Tell whether nobody has looked at a difference."""
        pattern = next((pattern for pattern in self._differs if fnmatchcase(line, pattern)), None)
        if pattern is not None:
            self.excepted.add(pattern)
        return pattern is None

    def met(self) -> list[str]:
        """Return the patterns of differences that were met, in the table's order."""
        return [pattern for pattern in self._differs if pattern in self.excepted]

    def stale(self) -> Iterator[str]:
        """Yield the differences that are excepted and are no more."""
        for pattern in self._differs.keys() - self.excepted:
            yield f"no difference is like {pattern!r} any more: take it out of the table"


def _ours(variable: str) -> bool:
    """Return whether a variable of this shell would reach into the runs."""
    return variable.startswith(
        ("PYTEST_", "CARGO_TARGET", "PYO3_", "PYTHON", "RUST", "CI", "GITHUB", "TEAMCITY", "BUILD")
    )


def is_rust(node: str) -> bool:
    """Tell whether an item is one in Rust."""
    return ".rs::" in node


def without(node: str) -> str:
    """Return an item's id without what tells it from others of the same test."""
    return node.partition("[")[0]


def twin(node: str) -> str:
    """Return the test in Python that does the same as one in Rust; "" if there is none."""
    file, _, name = node.partition("::twins::")
    return f"test_twins.py::test_{name}" if file.endswith("lib.rs") and name else ""


def differences(base: Run, ours: Run, alone: Run, theirs: Run) -> Iterator[str]:
    """Tell what differs.

    ``base`` is without the plugin, ``ours`` with it; ``alone`` and ``theirs`` are the same, but
    without this package.
    """
    if ours.raised and not theirs.raised:
        yield f"raised: exit code {ours.code}"
    if theirs.raised:
        return  # what a run has done that was lost without us, says nothing
    if {*ours.code} != {*base.code} and {*theirs.code} == {*alone.code}:
        yield f"exit code: {base.code} -> {ours.code}"
    yield from _of_collection(base, ours, theirs)
    for node, words in sorted(ours.outcomes.items()):
        if is_rust(node):
            yield from _of_rust(node, words, base, ours)
        elif words != theirs.outcomes.get(node, ()):
            yield f"beside us: {node}: {theirs.outcomes.get(node, ())} -> {words}"
    for node in sorted(base.outcomes.keys() & ours.collected.keys() - ours.outcomes.keys()):
        yield f"no report: {node}"


def _of_collection(base: Run, ours: Run, theirs: Run) -> Iterator[str]:
    """Tell which items there are more or less of than there should be."""
    times = sum(theirs.collected[node] for node in theirs.collected if without(node) == SAMPLE)
    rust: Counter[str] = Counter()
    for node, count in ours.collected.items():
        if is_rust(node):
            rust[without(node)] += count
        elif count != theirs.collected[node]:
            yield f"collected: {node}: {theirs.collected[node]} -> {count}"
    for node in theirs.collected.keys() - ours.collected.keys():
        yield f"collected: {node}: {theirs.collected[node]} -> 0"
    for node in sorted({*rust, *filter(is_rust, base.collected)}):
        if rust[node] != times * base.collected[node]:
            yield f"collected: {node}: {times * base.collected[node]} -> {rust[node]}"


def _of_rust(node: str, words: tuple[str, ...], base: Run, ours: Run) -> Iterator[str]:
    """Tell whether a Rust test fares otherwise than its twin, or than tests that end like it."""

    def of_base(one: str) -> tuple[str, ...] | None:
        return base.outcomes.get(one, base.outcomes.get(without(one)))

    same = (one for one in ours.outcomes if not is_rust(one) and of_base(one) == of_base(node))
    like = {ours.outcomes[one] for one in same}
    if twin(node) in ours.outcomes:
        like = {ours.outcomes[twin(node)]}
    if words not in like:
        yield f"outcome: {node}: {words}, in Python {' or '.join(map(str, like))}"


@dataclass
class Result:
    """What came of a plugin."""

    row: str
    new: list[str]
    """What differs and nobody has looked at."""
    idle: bool
    """Whether it does not work here, without this package either."""


class Bench:
    """Runs plugins, and compares with runs that had none."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        plain = Plugin("pytest", {}, options)
        plain.environment.make([])
        self._pytest = plain.environment.version("pytest")
        self._base = plain.run(plugin=False, rust=True)
        self._alone = plain.run(plugin=False, rust=False)
        if self._base.code != [1] or len(self._base.collected) < len(self._alone.collected) + 9:
            raise UnavailableError(f"the project itself does not run:\n{self._base.text}")

    def compare(self, name: str, entry: Table) -> Result:
        """Run all that is compared. Raises UnavailableError."""
        plugin = Plugin(name, entry, self._options)
        plugin.environment.make([*entry.get("install", [name]), *entry.get("requirements", [])])
        theirs = plugin.run(plugin=True, rust=False)
        plain = plugin.run(plugin=True, rust=True, record=False)
        ours = plugin.run(plugin=True, rust=True)
        text = f"{ours.text}\n{'=' * 99}\n{theirs.text}"
        (plugin.environment.where / "log.txt").write_text(text, encoding="utf-8")
        found = [*differences(self._base, ours, self._alone, theirs)]
        idle = theirs.raised or ("failed",) in theirs.outcomes_of_sample()
        found = [] if idle else [*found, *_unseen(plain, ours), *_unsaid(plugin, ours)]
        found = [line for line in found if plugin.is_new(line)]
        version = plugin.environment.version(name)
        pytest = plugin.environment.version("pytest")
        version += f" (pytest {pytest})" if pytest != self._pytest else ""
        on = " ".join(f"`{word}`" for word in entry.get("options", [*entry.get("runs", [[]])[0]]))
        does = " ".join(
            filter(None, [entry["does"], *map(entry.get("differs", {}).get, plugin.met())])
        )
        row = f"| {name} {version} | {on or 'installed'} | {does} |"
        return Result(row, found if idle else [*found, *plugin.stale()], idle)


def _unseen(plain: Run, ours: Run) -> Iterator[str]:
    """Tell what is otherwise where nobody looks: then reports may go a faster way."""
    if plain.code != ours.code:
        yield f"without the recorder: exit code {ours.code} -> {plain.code}"
    for case in sorted((plain.junit - ours.junit) + (ours.junit - plain.junit)):
        counts = f"{ours.junit[case]} -> {plain.junit[case]}"
        yield f"without the recorder: {' '.join(case)}: {counts}"


def _unsaid(plugin: Plugin, ours: Run) -> Iterator[str]:
    """Tell what the plugin was to show of tests in Rust, and did not."""
    for pattern in plugin.entry.get("says", ()):
        if not re.search(pattern, ours.text):
            yield f"does not say {pattern!r}"
    for name, patterns in plugin.entry.get("writes", {}).items():
        files = [path for path in plugin.place.glob(name) if path.is_file()]
        text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
        yield from (f"{name} has no {one!r}" for one in patterns if not re.search(one, text))


def written(rows: Sequence[str]) -> str:
    """Return the page with another table."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    said = f"{len(rows)} plugins."
    head = ["| plugin | turned on by | what it does to Rust tests |", "|---|---|---|"]
    return "\n".join([f"{before}{BEGIN}", said, "", *head, *rows, f"{END}{after}"])


def options_of(plugins: Table) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plugins", metavar="PLUGIN", nargs="*", help="default: all")
    default = Path(tempfile.gettempdir()) / "other-plugins"
    parser.add_argument("--directory", type=Path, default=default, help="for environments and logs")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    options = parser.parse_args()
    unknown = sorted(set(options.plugins) - plugins.keys())
    if unknown:
        parser.error(f"no such plugin in the list: {', '.join(unknown)}")
    if options.write and options.plugins:
        parser.error("--write runs all plugins: name none")
    options.directory = options.directory.resolve()
    return options


def main() -> int:
    """Print a row a plugin, and what differs."""
    plugins = tomllib.loads(LIST.read_text(encoding="utf-8"))
    options = options_of(plugins)
    bench = Bench(options)
    results = []
    missing = 0
    for name in options.plugins or plugins:
        try:
            result = bench.compare(name, plugins[name])
        except UnavailableError as error:
            print(f"{name}: {error}", file=sys.stderr, flush=True)
            missing += 1
            continue
        results.append(result)
        print(result.row, flush=True)
        if result.idle:
            print(
                f"{name}: does not work here, even without this package",
                file=sys.stderr,
                flush=True,
            )
        for line in result.new:
            print(f"{name}: {line}", file=sys.stderr, flush=True)
    new = sum(len(result.new) for result in results)
    idle = sum(result.idle for result in results)
    print(
        f"{len(results)} plugins, {idle} do not work here, even without this package; "
        f"{new} differences"
    )
    if options.write:
        PAGE.write_text(
            written([result.row for result in results if not result.idle]), encoding="utf-8"
        )
    return 2 if missing else int(new > 0)


if __name__ == "__main__":
    sys.exit(main())
