"""VS Code's own adapter: every id that it is given for its tree is one that it can run.

The adapter is part of VS Code's Python extension. Where that is not installed, name a directory
`python_files` of https://github.com/microsoft/vscode-python in the variable VSCODE_PYTHON_FILES.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from ..missing import missing
from .conftest import EXAMPLES, PACKAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Write = Callable[[Mapping[str, str]], Path]

_HOME: Final = Path.home()  # pytester gives tests another one
_OUTCOMES: Final = {"success": "passed", "failure": "failed", "skipped": "skipped"}
_MESSAGE: Final = re.compile(rb"content-length: (\d+)\r\n[^{]*")


@pytest.fixture(scope="session")
def adapter() -> Path:
    named = os.environ.get("VSCODE_PYTHON_FILES")
    found = sorted(_HOME.glob(".vscode*/extensions/ms-python.python-*/python_files"))
    if not named and not found:
        missing("vscode", "VS Code's Python extension is not here: set VSCODE_PYTHON_FILES")
    return Path(named) if named else found[-1]


class Editor:
    """What VS Code does with a folder, as far as its adapter is concerned."""

    def __init__(self, adapter: Path, folder: Path, arguments: tuple[str, ...]) -> None:
        self._adapter = adapter
        self._folder = folder
        self._arguments = [f"--rootdir={folder}", *arguments]
        self._pipe = folder.parent / f"{folder.name}.pipe"

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment in which the editor starts the adapter."""
        return {
            **os.environ,
            "PYTHONPATH": str(self._adapter),
            "TEST_RUN_PIPE": str(self._pipe),
            **more,
        }

    def command(self, ids: list[str]) -> tuple[list[str], dict[str, str]]:
        """Return how the editor runs tests, and in which environment."""
        file = self._folder.parent / f"{self._folder.name}.ids"
        file.write_text("\n".join(ids), encoding="utf-8")
        script = self._adapter / "vscode_pytest/run_pytest_script.py"
        words = [sys.executable, str(script), *self._arguments]
        return words, self.environment(RUN_TEST_IDS_PIPE=str(file))

    def discover(self) -> tuple[dict[str, dict[str, Any]], list[str]]:
        """Return the tests of the tree by the ids to run them, and the errors."""
        words = [sys.executable, "-m", "pytest", "-p", "vscode_pytest", "--collect-only"]
        messages = self._start([*words, *self._arguments], self.environment())
        leaves: list[dict[str, Any]] = []
        errors: list[str] = []
        for message in messages:
            for leaf in _leaves(message["tests"]) if message.get("tests") else ():
                # Newer ones tell paths and ids relative to a base, which may be empty in others.
                bases = {"path": "pathBase", "id_": "idBase", "runID": "idBase"}
                full = {
                    name: os.path.join(message.get(base, ""), leaf[name])
                    for name, base in bases.items()
                }
                leaves.append({**leaf, **full})
            errors += message.get("error") or ()
        by_id = {leaf["runID"]: leaf for leaf in leaves}
        assert len(by_id) == len(leaves), "an id stands for one test"
        return by_id, errors

    def run(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        """Return what becomes of tests, by id."""
        results: dict[str, dict[str, Any]] = {}
        for message in self._start(*self.command(ids)):
            results.update(message.get("result") or {})
        return results

    def _start(self, words: list[str], environment: dict[str, str]) -> Iterator[dict[str, Any]]:
        self._pipe.write_bytes(b"")
        done = subprocess.run(
            words, cwd=self._folder, env=environment, capture_output=True, check=False
        )
        told = self._pipe.read_bytes()
        assert told, done.stdout + done.stderr
        while header := _MESSAGE.match(told):
            end = header.end() + int(header[1])
            yield json.loads(told[header.end() : end])["params"]
            told = told[end:]


def _leaves(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if node["type_"] == "test":
        yield node
    for child in node.get("children", ()):
        yield from _leaves(child)


def outcomes_without_editor(folder: Path, arguments: tuple[str, ...]) -> dict[str, str]:
    """Return what pytest itself says of all tests, by id."""
    aside = folder.parent / "aside"  # on sys.path, where the folder's own name is no package
    aside.mkdir(exist_ok=True)
    told = aside / "plain.json"
    (aside / "plain.py").write_text(
        "import json\nfound = {}\n"
        "def pytest_runtest_logreport(report):\n"
        "    if report.when == 'call' or report.outcome != 'passed':\n"
        "        found[report.nodeid] = report.outcome\n"
        f"def pytest_sessionfinish():\n    json.dump(found, open({str(told)!r}, 'w'))\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "plain", f"--rootdir={folder}", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(aside)},
        capture_output=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout
    found: dict[str, str] = json.loads(told.read_text(encoding="utf-8"))
    return found


def goes_round(adapter: Path, folder: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """Discover, run every id that was told, and compare with pytest; return the tests."""
    editor = Editor(adapter, folder, arguments)
    tests, _ = editor.discover()
    plain = {
        f"{folder}/{node_id}": outcome
        for node_id, outcome in outcomes_without_editor(folder, arguments).items()
    }
    assert tests.keys() == plain.keys()
    for leaf in tests.values():
        assert Path(leaf["path"]).is_file()
        assert int(leaf["lineno"]) >= 1
    results = editor.run(list(tests))
    told = {node_id: _OUTCOMES.get(one["outcome"], "failed") for node_id, one in results.items()}
    assert told == plain
    return tests


EVERY_KIND = {
    "pyproject.toml": "[project]\nname = 'p'\nversion = '1'\n",
    "tests/test_python.py": "def test_one(): pass\ndef test_two(): assert False\n",
    "rust/Cargo.toml": "[workspace]\nmembers = ['a', 'b']\nresolver = '2'\n",
    "rust/a/Cargo.toml": PACKAGE.format("a"),
    "rust/a/src/lib.rs": """
/// ```
/// assert_eq!(a::two(), 2);
/// ```
/// ```
/// assert_eq!(a::two(), 3);
/// ```
pub fn two() -> u32 { 2 }

#[repr(C)] pub struct S { pub a: u8 }
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of S"][::std::mem::size_of::<S>() - 1usize];
};

mod inner;
#[cfg(test)]
mod tests {
    #[test] fn adds() { assert_eq!(super::two(), 2); }
    #[test] fn fails() { assert_eq!(super::two(), 3); }
    #[test] #[ignore = "not now"] fn later() {}
}
""",
    "rust/a/src/inner.rs": "#[test] fn tests() {}\nmod tests { #[test] fn inner() {} }\n",
    "rust/a/tests/it.rs": "mod common;\n#[test] fn it() { common::help() }\n",
    "rust/a/tests/common/mod.rs": "pub fn help() {}\n#[test] fn own() {}\n",
    "rust/a/tests/gated.rs": "#![cfg(windows)]\n#[test] fn never() {}\n",
    "rust/b/Cargo.toml": PACKAGE.format("b") + "[[test]]\nname = 'own'\nharness = false\n",
    "rust/b/src/main.rs": "fn main() {}\n#[test] fn of_a_program() {}\n",
    "rust/b/src/bin/second.rs": "fn main() {}\n#[test] fn of_another() {}\n",
    "rust/b/examples/e.rs": "fn main() {}\n",
    "rust/b/tests/own.rs": "fn main() {}\n",
}


def test_a_workspace_below_a_python_project(adapter: Path, write: Write) -> None:
    root = write({f"project/{name}": text for name, text in EVERY_KIND.items()}) / "project"
    tests = goes_round(adapter, root, "--cpython-sys")
    below = {node_id.removeprefix(f"{root}/") for node_id in tests}
    assert below >= {
        "tests/test_python.py::test_two",
        "rust/a/src/lib.rs::@doctest::two::2",
        "rust/a/src/lib.rs::bindgen_test_layout_S",
        "rust/a/src/inner.rs::inner::tests",
        "rust/a/src/inner.rs::inner::tests::inner",
        "rust/a/tests/common/mod.rs::@test-it::common::own",
        "rust/a/tests/gated.rs::@empty",
        "rust/b/tests/own.rs::@main",
        "rust/b/src/bin/second.rs::of_another",
    }


def test_each_id_alone(adapter: Path, write: Write) -> None:
    root = write({f"project/{name}": text for name, text in EVERY_KIND.items()}) / "project"
    editor = Editor(adapter, root, ("--cpython-sys",))
    tests, errors = editor.discover()
    assert not errors
    for node_id in tests:
        assert list(editor.run([node_id])) == [node_id]


def test_what_did_not_build_is_an_error_of_discovery(adapter: Path, write: Write) -> None:
    files = {**EVERY_KIND, "rust/a/src/inner.rs": "fn wrong() -> u8 {}\n"}
    root = write({f"project/{name}": text for name, text in files.items()}) / "project"
    tests, errors = Editor(adapter, root, ("--cpython-sys",)).discover()
    assert any("mismatched types" in error for error in errors)
    assert f"{root}/tests/test_python.py::test_one" in tests


def test_example_crate(adapter: Path, pytester: pytest.Pytester, example_target: Path) -> None:
    folder = pytester.path / "example_crate"
    ignored = shutil.ignore_patterns("target", "mixed")
    shutil.copytree(EXAMPLES, folder, ignore=ignored)
    goes_round(adapter, folder, "--cpython-sys", f"--cargo-target-dir={example_target}")


def test_pyo3_with_maturin(
    adapter: Path, pytester: pytest.Pytester, pyo3_target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARGO_TARGET_DIR", str(pyo3_target))
    folder = pytester.path / "mixed"
    shutil.copytree(EXAMPLES / "mixed", folder, ignore=shutil.ignore_patterns("target", "*.so"))
    tests = goes_round(adapter, folder, "--cpython-sys")
    assert f"{folder}/src/lib.rs::tests::adds" in tests


def test_pyo3_with_setuptools_rust(
    adapter: Path, write: Write, pyo3_target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARGO_TARGET_DIR", str(pyo3_target))
    mixed = EXAMPLES / "mixed"
    root = write(
        {
            "project/pyproject.toml": '[build-system]\nrequires = ["setuptools", '
            '"setuptools-rust"]\nbuild-backend = "setuptools.build_meta"\n'
            '[project]\nname = "mixed"\nversion = "0.1.0"\n'
            '[[tool.setuptools-rust.ext-modules]]\ntarget = "mixed._native"\n'
            "[tool.pytest.ini_options]\ncpython_sys = true\npythonpath = ['python']\n",
        }
    )
    folder = root / "project"
    for name in ("Cargo.toml", "Cargo.lock", "src", "tests", "python"):
        copy = shutil.copytree if (mixed / name).is_dir() else shutil.copy
        copy(mixed / name, folder / name)
    tests = goes_round(adapter, folder)
    assert f"{folder}/src/lib.rs::tests::adds" in tests


LAUNCH: Final = re.compile(r"^```jsonc? *\n(\{\n.*?\"purpose\".*?)^```", re.MULTILINE | re.DOTALL)
PAGE: Final = Path(__file__).parents[2] / "docs/how-to/editors.md"


def test_debug_test_in_the_tree_starts_the_debugger(
    adapter: Path, pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the launch configuration of the docs, started as VS Code starts it."""
    pytest.importorskip("debugpy")
    pexpect = pytest.importorskip("pexpect")
    if shutil.which("gdb") is None or shutil.which("rust-gdb") is None:
        pytest.skip("rust-gdb is not installed")
    monkeypatch.setenv("CARGO_PROFILE_DEV_DEBUG", "2")
    match = LAUNCH.search(PAGE.read_text(encoding="utf-8"))
    assert match is not None
    (configuration,) = json.loads(match[1])["configurations"]
    assert configuration["console"] == "integratedTerminal"
    root = write({f"project/{name}": text for name, text in EVERY_KIND.items()}) / "project"
    node_id = "rust/a/src/lib.rs::tests::adds"
    words, environment = Editor(adapter, root, ("--cpython-sys", "--capture=no")).command([node_id])
    environment.update(configuration["env"])
    environment["PYTEST_ADDOPTS"] += f" {os.environ['PYTEST_ADDOPTS']}"
    environment["TERM"] = "dumb"  # without colours
    child = pexpect.spawn(
        words[0],
        ["-Xfrozen_modules=off", "-m", "debugpy", "--listen", "127.0.0.1:0", *words[1:]],
        cwd=str(root),
        env=environment,
        timeout=60,
    )
    child.expect_exact("(gdb)")
    child.sendline("break a::two")
    child.expect_exact("Breakpoint 1")
    child.sendline("run")
    child.expect(r"Breakpoint 1, .*a::two \(\)")
    child.sendline("continue")
    child.expect("exited normally")
    child.sendline("quit")
    child.expect("1 skipped")
    child.wait()


def test_debug_test_of_a_python_test_is_as_ever(adapter: Path, write: Write) -> None:
    root = write({f"project/{name}": text for name, text in EVERY_KIND.items()}) / "project"
    arguments = ("--cpython-sys", f"--cargo-debugger={shlex.join(['env'])}")
    results = Editor(adapter, root, arguments).run(["tests/test_python.py::test_one"])
    assert [result["outcome"] for result in results.values()] == ["success"]
