"""Compares one `pytest --cpython-sys` in a copy of real projects with their own commands.

    python benchmarks/pyo3_projects.py [--directory DIR] [--python PYTHON] [PROJECT...]

Downloads the source distribution of each project of `pyo3_projects.toml` once (through pip). In
one copy and one environment it does what the project's CI does: `cargo test`, an installation
(`maturin develop`, `pip install -e .`), `pytest`. In another copy and another environment, in which
the project is not installed, it runs `pytest --cpython-sys`, once. All tests are compared by name
and result, and a line for each project is printed. DIR keeps the results of the project's own
commands. The exit code is 1 if a result differs, and 2 if a project cannot be downloaded, or cannot
be built by its own commands. `docs/developers/pyo3-projects.md` has the results.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.differential import KINDS as KINDS_OF_RUST
from benchmarks.differential import WORDS, UnavailableError, script

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[1]
INSTALLERS = {"maturin": ["maturin", "develop"], "setuptools-rust": ["pip", "install", "-e", "."]}
KINDS = KINDS_OF_RUST | dict.fromkeys(("rlib", "cdylib", "staticlib", "dylib"), "unit")
LIBTEST = {"unit", "integration", "example", "bench", "doctest"}
"""Kinds of items that cargo test knows too."""
_OUR_KEYS = {"layout", "excepted", "options", "rust-paths"}
"""Keys of a project that do not change what its own commands give."""
_OF_ONE_PROCESS = re.compile(
    r"0x[0-9a-f]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^' ]*(?:theirs|ours|\.)-venv\b"
)
"""Addresses, random UUIDs and places in names that are made of a parameter's repr."""
_LONG = 200
"""Characters of a name that are compared: longer ones hold a repr of unordered things."""
Table = dict[str, Any]
Tests = Counter[tuple[str, ...]]


@dataclass
class Verdicts:
    """What became of each test of a project."""

    rust: Tests = field(default_factory=Counter)
    """Kind, target, name, outcome."""
    python: Tests = field(default_factory=Counter)
    """Module or class, name, outcome."""
    own: Tests = field(default_factory=Counter)
    """Items that only the plugin knows: node, outcome, first line of what it says."""
    seconds: float = 0.0
    words: list[str] = field(default_factory=list)
    """Commands that did not end well, and what they wrote last."""


class Project:
    """A project of the list, and its places."""

    def __init__(self, name: str, entry: Table, where: Path) -> None:
        self.name = name
        self.entry = entry
        self.where = where / name
        self.sdist = entry.get("sdist", name)

    def unpack(self, copy: str) -> Path:
        """Return the Python project's directory in a new copy. Raises UnavailableError."""
        target = self.where / copy
        self.where.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=self.where) as scratch:
            with tarfile.open(self.archive()) as file:
                file.extractall(scratch, filter="data")
            (top,) = Path(scratch).iterdir()
            top.rename(target)
        for made in target.rglob("*.egg-info"):  # a clone has none
            shutil.rmtree(made)
        for name in self.entry.get("remove", ()):
            (target / name).unlink()
        return target / str(self.entry.get("directory", "."))

    def archive(self) -> Path:
        """Return the source distribution. Raises UnavailableError."""
        store = self.where.parent / "sdists"
        wanted = _plain(f"{self.sdist}-{self.entry['version']}.tar.gz")
        for _ in range(2):
            for path in store.glob("*.tar.gz"):
                if _plain(path.name) == wanted:
                    return path
            requirement = f"{self.sdist}=={self.entry['version']}"
            words = ["pip", "download", "--no-deps", "--no-binary", self.sdist, "-d", str(store)]
            done = run([sys.executable, "-m", *words, requirement], self.where, os.environ)
        raise UnavailableError(f"{requirement}: {(done.stderr or done.stdout)[-500:]}")

    def environment(self, name: str, python: str, *more: str) -> dict[str, str]:
        """Return what a shell has in which a virtual environment is active, made if need be."""
        venv = self.where / name
        wanted = [*self.entry.get("requirements", ()), "pytest", *more]
        stamp = venv / "requirements.json"
        text = json.dumps([python, *wanted])
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != text:
            shutil.rmtree(venv, ignore_errors=True)
            _check(run([python, "-m", "venv", str(venv)], self.where, os.environ))
            pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "-q"]
            _check(run([*pip, "pip>=25.1"], self.where, os.environ))  # knows dependency groups
            _check(run([*pip, *wanted], self.where, os.environ))
            stamp.write_text(text, encoding="utf-8")
        environ = {key: value for key, value in os.environ.items() if not _ours(key)}
        environ |= {"VIRTUAL_ENV": str(venv), "PATH": f"{venv / 'bin'}:{environ['PATH']}"}
        environ |= {"CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_INCREMENTAL": "0"}
        return {**environ, **self.entry.get("environment", {})}

    def truth(self, python: str) -> Verdicts:
        """Run the project's own commands. Raises UnavailableError."""
        directory = self.unpack("theirs")
        environ = self.environment("theirs-venv", python, *self.entry.get("tools", ["maturin"]))
        if "LD_LIBRARY_PATH" not in environ:  # the actions that CI gets its Python from set it
            code = "import sysconfig; print(sysconfig.get_config_var('LIBDIR'))"
            environ["LD_LIBRARY_PATH"] = run([python, "-c", code], self.where, environ).stdout[:-1]
        found = Verdicts()
        start = time.monotonic()
        for arguments in self.entry.get("rust", [[]]):
            found.rust += cargo_tests(directory, arguments, environ, found.words)
        for words in self.entry.get("install", [INSTALLERS[self.entry["backend"]]]):
            done = run(words, directory, environ)
            if done.returncode:
                raise UnavailableError(f"{' '.join(words)}: {(done.stderr or done.stdout)[-2000:]}")
        words = [*self.pytest(), *self.entry.get("paths", ())]
        found.python = python_tests(words, directory, environ, found).python
        found.seconds = time.monotonic() - start
        if not found.python or any(": exit code " in one for one in found.words):
            raise UnavailableError(f"nothing to compare with: {' '.join(found.words)}")
        shutil.rmtree(self.where / "theirs")
        return found

    def ours(self, python: str) -> Verdicts:
        """Run pytest once in a fresh copy. Raises UnavailableError."""
        directory = self.unpack("fresh")
        environ = self.environment("ours-venv", python, "toml", "packaging")
        pip = ["python", "-m", "pip", "install", "-q", "--force-reinstall", "--no-deps"]
        _check(run([*pip, str(ROOT)], directory, environ))
        # What its tests need may need a release of the project itself.
        _check(run(["python", "-m", "pip", "uninstall", "-qy", self.sdist], directory, environ))
        _check(
            run(["python", "-m", "pip", "install", "-q", "toml", "packaging"], directory, environ)
        )
        paths = self.entry.get("paths", [])
        paths = [*paths, *self.entry.get("rust-paths", ["Cargo.toml"])] if paths else []
        words = [*self.pytest(), "--cpython-sys", *self.entry.get("options", ()), *paths]
        found = Verdicts()
        start = time.monotonic()
        found = python_tests(words, directory, environ, found)
        found.seconds = time.monotonic() - start
        return found

    def pytest(self) -> list[str]:
        """Return how pytest is called, without paths."""
        return [*self.entry.get("pytest", ["pytest"]), *self.entry.get("arguments", ())]


def _plain(file: str) -> str:
    return re.sub(r"[-_.]+", "-", file).lower()


def _ours(variable: str) -> bool:
    """Return whether a variable of this shell would reach into the runs that are compared."""
    return variable.startswith(("PYTEST_", "CARGO_TARGET_DIR", "PYO3_", "PYTHONDONTWRITE"))


def run(
    words: Sequence[str], directory: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program, which is looked for on the PATH that it gets."""
    program = shutil.which(words[0], path=environ["PATH"]) or words[0]
    return subprocess.run(
        [program, *words[1:]],
        cwd=directory,
        env=environ,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def _check(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode:
        raise UnavailableError(f"{' '.join(done.args)}: {(done.stderr or done.stdout)[-2000:]}")


def cargo_tests(
    directory: Path, arguments: Sequence[str], environ: Mapping[str, str], words: list[str]
) -> Tests:
    """Return the verdicts of one `cargo test`, which starts each binary through a small script."""
    command = ["cargo", "test", *arguments]
    built = run([*command, "--no-run", "--message-format=json"], directory, environ)
    if built.returncode:
        words.append(f"{' '.join(command)}: {built.stderr[-3000:]}")
        return Counter()
    targets = {}
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["profile"]["test"]:
            target = message["target"]
            targets[message["executable"]] = (KINDS[target["kind"][0]], target["name"])
    with tempfile.TemporaryDirectory() as scratch:
        runner = script(scratch, "runner", 'printf "\\n@@ %s\\n" "$1"\n', '"$@"')
        rustdoc = script(scratch, "rustdoc", 'printf "\\n@@ doctest %s\\n" "$*"\n', 'rustdoc "$@"')
        host = run(["rustc", "-vV"], directory, environ).stdout
        triple = host.partition("host: ")[2].splitlines()[0].upper().replace("-", "_")
        own = {**environ, f"CARGO_TARGET_{triple}_RUNNER": runner, "RUSTDOC": rustdoc}
        flags = ["-Z", "unstable-options", "--format", "json"]
        done = run([*command, "--no-fail-fast", "--", *flags], directory, own)
    found: Tests = Counter()
    kind, target_name = "", ""
    for line in done.stdout.splitlines():
        if line.startswith("@@ doctest "):
            crate = re.search(r"--crate-name (\S+)", line)
            kind, target_name = "doctest", crate[1] if crate else ""
        elif line.startswith("@@ "):
            # What is no target is an executable that rustdoc has made of doctests.
            kind, target_name = targets.get(line.removeprefix("@@ "), (kind, target_name))
        elif line.startswith("{"):
            event = json.loads(line)
            if event["type"] == "test" and event["event"] in WORDS:
                outcome = WORDS[event["event"]]
                found[kind, target_name.replace("-", "_"), event["name"], outcome] += 1
    if done.returncode and not any(outcome == "failed" for *_, outcome in found):
        words.append(f"{' '.join(command)}: {done.stderr[-3000:]}")
    return found


def python_tests(
    words: Sequence[str], directory: Path, environ: Mapping[str, str], found: Verdicts
) -> Verdicts:
    """Run pytest and read its JUnit file."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "junit.xml"
        done = run([*words, f"--junitxml={report}"], directory, environ)
        if done.returncode not in (0, 1) or not report.exists():
            ending = f"{done.stdout[-6000:]}{done.stderr[-3000:]}"
            found.words.append(f"{' '.join(words)}: exit code {done.returncode}\n{ending}")
        (directory / "pytest.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        cases = list(ET.parse(report).iter("testcase")) if report.exists() else []
    for case in cases:
        known = {item.get("name", ""): item.get("value", "") for item in case.iter("property")}
        outcome, said = _outcome(case)
        if known.get("kind") in LIBTEST:
            target = known["target"].replace("-", "_")
            found.rust[known["kind"], target, known["rust_test"], outcome] += 1
        elif "kind" in known:
            found.own[f"{case.get('classname')}::{case.get('name')}", outcome, said] += 1
        else:
            names = (case.get("classname", ""), case.get("name", "").replace(str(directory), "."))
            found.python[*names, outcome] += 1
    return found


def _outcome(case: ET.Element) -> tuple[str, str]:
    """Return what became of a test, and what is said of it in one line."""
    for child in case:
        if child.tag in ("error", "failure", "skipped"):
            said = (child.get("message") or child.text or "").strip().partition("\n")[0]
            expected = child.get("type") == "pytest.xfail"
            outcome = {"failure": "failed", "skipped": "xfailed" if expected else "skipped"}
            return outcome.get(child.tag, child.tag), said
    return "passed", ""


def differences(truth: Verdicts, ours: Verdicts) -> Iterator[str]:
    """Tell each test whose verdict differs, and what fails that only the plugin knows."""
    for language in ("rust", "python"):
        theirs, mine = (_repeatable(getattr(one, language)) for one in (truth, ours))
        for test in sorted((theirs - mine) + (mine - theirs)):
            yield f"{language}: theirs {theirs[test]}, ours {mine[test]}: {' | '.join(test)}"
    for (node, outcome, said), count in sorted(ours.own.items()):
        if outcome not in ("passed", "skipped"):
            yield f"own: {count} x {node} {outcome}: {said}"


def _repeatable(tests: Tests) -> Tests:
    """Return tests with names that are the same in each process."""
    found: Tests = Counter()
    for test, count in tests.items():
        found[tuple(_OF_ONE_PROCESS.sub("...", part)[:_LONG] for part in test)] += count
    return found


def excepted(entry: Table, line: str) -> str:
    """Return why a test may differ; empty if it may not."""
    patterns = entry.get("excepted", {}).items()
    return next((str(why) for pattern, why in patterns if fnmatchcase(line, pattern)), "")


def kept_truth(project: Project, python: str, again: bool) -> Verdicts:
    """Return what the project's own commands give, as it was kept. Raises UnavailableError."""
    path = project.where / "theirs.json"
    asked = {"python": python} | {k: v for k, v in project.entry.items() if k not in _OUR_KEYS}
    if path.exists() and not again:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["asked"] == json.loads(json.dumps(asked)):
            rust, python_ = ({tuple(t): n for t, n in kept[one]} for one in ("rust", "python"))
            return Verdicts(
                Counter(rust), Counter(python_), seconds=kept["seconds"], words=kept["words"]
            )
    found = project.truth(python)
    record = {"asked": asked, "seconds": found.seconds, "words": found.words}
    record |= {"rust": [*found.rust.items()], "python": [*found.python.items()]}
    path.write_text(json.dumps(record, indent=1), encoding="utf-8")
    return found


def row(project: Project, truth: Verdicts, ours: Verdicts, count: int) -> str:
    """Return a line of the table."""
    layout = ", ".join(project.entry.get("layout", ["one module"]))
    cells = [f"{project.name} {project.entry['version']}", layout, project.entry["backend"]]
    cells += [str(truth.rust.total()), str(truth.python.total()), str(ours.own.total()), str(count)]
    cells += [f"{truth.seconds:.0f}", f"{ours.seconds:.0f}"]
    return f"| {' | '.join(cells)} |"


def options_of(projects: Table) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("projects", metavar="PROJECT", nargs="*", help="default: all")
    default = Path(tempfile.gettempdir()) / "pyo3-projects"
    parser.add_argument(
        "--directory", type=Path, default=default, help="for copies, builds and logs"
    )
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument(
        "--theirs-only", action="store_true", help="run only the projects' commands"
    )
    parser.add_argument(
        "--again", action="store_true", help="run them again, even if DIR has results"
    )
    options = parser.parse_args()
    unknown = sorted(set(options.projects) - projects.keys())
    if unknown:
        parser.error(f"no such project in the list: {', '.join(unknown)}")
    options.directory = options.directory.resolve()
    return options


def compare(project: Project, options: argparse.Namespace) -> Counter[str]:
    """Run both sides of a project, and print its line of the table. Raises UnavailableError."""
    truth = kept_truth(project, options.python, options.again)
    ours = Verdicts() if options.theirs_only else project.ours(options.python)
    different = [] if options.theirs_only else list(differences(truth, ours))
    causes = [excepted(project.entry, line) for line in different]
    print(row(project, truth, ours, len(different)), flush=True)
    for line in [*truth.words, *ours.words, *different, *filter(None, dict.fromkeys(causes))]:
        print(f"{project.name}: {line}", file=sys.stderr, flush=True)
    found = Counter(projects=1, rust=truth.rust.total(), python=truth.python.total())
    found["new"] = causes.count("")
    found["excepted"] = len(causes) - found["new"]
    return found


def main() -> int:
    """Print the table."""
    projects = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    options = options_of(projects)
    total = Counter[str]()
    missing = 0
    print(
        "| project | layout | build backend | tests in Rust | tests in Python | more | differences "
        "| separate commands, s | one pytest, s |"
    )
    print("|---|---|---|---:|---:|---:|---:|---:|---:|", flush=True)
    for name in options.projects or projects:
        try:
            total += compare(Project(name, projects[name], options.directory), options)
        except UnavailableError as error:
            print(f"{name}: {error}", file=sys.stderr)
            missing += 1
    print(
        f"{total['projects']} projects, {total['rust']} tests in Rust, {total['python']} in "
        f"Python; {total['new']} differences, and {total['excepted']} with a known cause"
    )
    return 2 if missing else int(total["new"] > 0)


if __name__ == "__main__":
    sys.exit(main())
