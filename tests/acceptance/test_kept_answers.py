"""What cargo is asked is asked again when anything has changed that an answer follows from."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_cpython_sys.cargo import BuildOptions, Cargo, CargoError
from pytest_cpython_sys.cargo.metadata import parse_metadata

from .conftest import PACKAGE, replace_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_cpython_sys.cargo import Workspace

    Write = Callable[[Mapping[str, str]], Path]
    Change = Callable[[Path, pytest.MonkeyPatch], object]

pytestmark = pytest.mark.acceptance

ALL = ["-V", "-vV", "metadata"]
FILES = {
    "Cargo.toml": '[workspace]\nmembers = ["crates/*", "alone"]\nresolver = "2"\n',
    "alone/Cargo.toml": "alone",
    "alone/src/lib.rs": "",
    "crates/a/Cargo.toml": PACKAGE.format("a") + '[dependencies]\nalone = { path = "../../alone" }',
    "crates/a/src/lib.rs": "",
    "crates/a/tests/old.rs": "",
}


class Observer:
    """Asks what a run asks, and notes what of that programs were started for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._started: list[str] = []
        self.after: Callable[[], object] | None = None
        """Is called once cargo has answered about a workspace, once."""
        real = subprocess.run

        def noted(argv: Any, **words: Any) -> Any:
            self._started.append(argv[1])
            done = real(argv, **words)
            if argv[1] == "metadata" and self.after is not None:
                self.after()
                self.after = None
            return done

        monkeypatch.setattr("pytest_cpython_sys.cargo.questions.asking.subprocess.run", noted)

    def ask(self, root: Path, member: str = "crates/a") -> tuple[list[str], Workspace, str]:
        """Return what was started, the workspace of a member, and a version of rustc."""
        self._started.clear()
        cargo = Cargo()
        cargo.ask_ahead([str(root / member)])
        version = cargo.toolchain.rustc
        workspace = cargo.workspace(str(root / member / "Cargo.toml"))
        Path(workspace.target_directory).mkdir(exist_ok=True)
        asked = sorted(set(self._started))
        cargo.keep_answers(workspace, BuildOptions())
        return asked, workspace, version


@pytest.fixture
def observer(monkeypatch: pytest.MonkeyPatch) -> Observer:
    return Observer(monkeypatch)


def told(root: Path, member: str = "crates/a") -> Workspace:
    """Return what cargo says now."""
    argv = ["cargo", "metadata", "--no-deps", "--format-version=1"]
    done = subprocess.run(argv, cwd=root / member, capture_output=True, check=True)
    return parse_metadata(done.stdout)


def put(path: str, text: str = "") -> Change:
    def change(root: Path, _: pytest.MonkeyPatch) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")

    return change


def both(*changes: Change) -> Change:
    def change(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for one in changes:
            one(root, monkeypatch)

    return change


def append(path: str, text: str) -> Change:
    def change(root: Path, _: pytest.MonkeyPatch) -> None:
        with (root / path).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def same_size(path: str, old: str, new: str) -> Change:
    """Change a file that keeps its size and its time."""

    def change(root: Path, _: pytest.MonkeyPatch) -> None:
        before = (root / path).stat()
        replace_once(root / path, old, new)
        os.utime(root / path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert (root / path).stat().st_size == before.st_size

    return change


CHANGES: dict[str, Change] = {
    "a test file": put("crates/a/tests/new.rs"),
    "a test in a folder": put("crates/a/tests/new/main.rs"),
    "a folder becomes a test": both(
        put("crates/a/tests/new/other.rs"), put("crates/a/tests/new/main.rs")
    ),
    "no test file any more": lambda root, _: (root / "crates/a/tests/old.rs").unlink(),
    "another name": lambda root, _: (root / "crates/a/tests/old.rs").rename(
        root / "crates/a/tests/new.rs"
    ),
    "a binary": put("crates/a/src/bin/new.rs", "fn main() {}"),
    "a binary in a folder": put("crates/a/src/bin/new/main.rs", "fn main() {}"),
    "the binary": put("crates/a/src/main.rs", "fn main() {}"),
    "an example": put("crates/a/examples/new.rs", "fn main() {}"),
    "an example in a folder": put("crates/a/examples/new/main.rs", "fn main() {}"),
    "a benchmark": put("crates/a/benches/new.rs", "fn main() {}"),
    "a build script": put("crates/a/build.rs", "fn main() {}"),
    "a readme": put("crates/a/README.md", "# a"),
    "a target of another member": put("alone/tests/new.rs"),
    "a manifest": append(
        "crates/a/Cargo.toml", "\n[features]\nnew = []\n[[bin]]\nname='b'\npath='x.rs'"
    ),
    "a manifest of the same size and time": same_size("crates/a/Cargo.toml", "0.1.0", "0.1.1"),
    "the manifest of another member": same_size("alone/Cargo.toml", "0.1.0", "0.1.1"),
    "the root's manifest": put(
        "Cargo.toml", '[workspace]\nmembers = ["crates/*"]\nexclude = ["alone"]\n'
    ),
    "a member by a glob": both(
        put("crates/b/Cargo.toml", PACKAGE.format("b")), put("crates/b/src/lib.rs")
    ),
    "a member by its path": both(
        put("crates/a/c/Cargo.toml", PACKAGE.format("c")),
        put("crates/a/c/src/lib.rs"),
        append("crates/a/Cargo.toml", "\nc = { path = 'c' }"),
    ),
    "configuration": put("crates/a/.cargo/config.toml", "[build]\ntarget-dir = 'x'"),
    "configuration above": put("../.cargo/config.toml", "[build]\ntarget-dir = 'x'"),
    "configuration under its old name": put("../.cargo/config", "[build]\ntarget-dir = 'x'"),
    "CARGO_TARGET_DIR": lambda root, monkeypatch: monkeypatch.setenv(
        "CARGO_TARGET_DIR", str(root / "x")
    ),
    "CARGO_BUILD_TARGET_DIR": lambda root, monkeypatch: monkeypatch.setenv(
        "CARGO_BUILD_TARGET_DIR", str(root / "x")
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_metadata_are_asked_for_again(
    write: Write, monkeypatch: pytest.MonkeyPatch, observer: Observer, name: str
) -> None:
    root = write({f"project/{path}": text for path, text in FILES.items()}) / "project"
    assert observer.ask(root)[0] == ALL
    asked, before, _ = observer.ask(root)
    assert (asked, before) == ([], told(root))
    CHANGES[name](root, monkeypatch)
    asked, after, _ = observer.ask(root)
    assert "metadata" in asked
    assert after == told(root)
    assert after != before
    asked, again, _ = observer.ask(root)
    assert (asked, again) == ([], after)


DEEP = '[workspace]\nmembers = ["{}/*/rust"]\nresolver = "2"\n'


@pytest.mark.parametrize("absolute", [False, True])
def test_a_member_below_what_a_glob_finds(write: Write, observer: Observer, absolute: bool) -> None:
    """The directory that the glob finds is there before; what makes it a member is not."""
    files = {"pk/one/rust/Cargo.toml": PACKAGE.format("one"), "pk/one/rust/src/lib.rs": ""}
    root = write({**files, "pk/two/other": ""})
    write({"Cargo.toml": DEEP.format(root / "pk" if absolute else "pk")})
    observer.ask(root, "pk/one/rust")
    assert observer.ask(root, "pk/one/rust")[0] == []
    write({"pk/two/rust/Cargo.toml": PACKAGE.format("two"), "pk/two/rust/src/lib.rs": ""})
    asked, after, _ = observer.ask(root, "pk/one/rust")
    assert "metadata" in asked
    assert {package.name for package in after.packages} == {"one", "two"}


def test_links_that_become_what_they_lead_to(write: Write, observer: Observer) -> None:
    """Cargo does not follow each link, and one may lead to nothing for a while."""
    root = write({**FILES, "shared/main.rs": "", "crates/a/src/main.rs": "fn main() {}"})
    link, library = root / "crates/a/tests/linked", root / "alone/src/main.rs"
    link.symlink_to(root / "shared")
    library.symlink_to(root / "later.rs")
    observer.ask(root)
    assert observer.ask(root)[0] == []
    link.unlink()
    shutil.copytree(root / "shared", link)
    asked, after, _ = observer.ask(root)
    assert ("metadata" in asked, after) == (True, told(root))
    assert observer.ask(root)[0] == []
    (root / "later.rs").write_text("fn main() {}", encoding="utf-8")
    asked, after, _ = observer.ask(root)
    assert ("metadata" in asked, after) == (True, told(root))


REFUSED: dict[str, Change] = {
    "a manifest": put("crates/a/Cargo.toml", "[package"),
    "a workspace of its own": append("alone/Cargo.toml", "\n[workspace]\n"),
    "a workspace between": put("crates/Cargo.toml", "[workspace]\n"),
    "no manifest": lambda root, _: (root / "alone/Cargo.toml").unlink(),
    "no member": lambda root, _: shutil.rmtree(root / "alone"),
    "no target": lambda root, _: (root / "alone/src/lib.rs").unlink(),
    "a folder that is no member": lambda root, _: (root / "crates/b").mkdir(),
    "configuration": put("crates/a/.cargo/config.toml", "[build"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cargo_refuses_is_refused_as_soon_as_it_is_there(
    write: Write, monkeypatch: pytest.MonkeyPatch, observer: Observer, name: str
) -> None:
    root = write(FILES)
    for asked in (ALL, []):
        assert observer.ask(root)[0] == asked
    REFUSED[name](root, monkeypatch)
    for _ in range(2):
        with pytest.raises(CargoError):
            observer.ask(root)


def test_a_workspace_that_appears_above_takes_a_package_in(
    write: Write, observer: Observer
) -> None:
    root = write({"a/b/Cargo.toml": "b", "a/b/src/lib.rs": ""})
    for asked in (ALL, []):
        assert observer.ask(root, "a/b")[0] == asked
    write({"Cargo.toml": '[workspace]\nmembers = ["a/b"]\n'})
    asked, workspace, _ = observer.ask(root, "a/b")
    assert (asked, workspace.root) == (["metadata"], str(root))


def test_what_matters_to_nobody_is_no_reason_to_ask(write: Write, observer: Observer) -> None:
    root = write(FILES)
    observer.ask(root)
    write(dict.fromkeys(("crates/a/tests/data/x", "crates/a/tests/test_x.py", "x", "a.rs"), ""))
    write({"crates/a/src/lib.rs": "pub fn f() {}", "Cargo.lock": "", "crates/a/target/x.rs": ""})
    assert observer.ask(root)[0] == []


def test_a_file_that_configuration_includes_is_not_looked_into(
    write: Write, observer: Observer
) -> None:
    root = write({**FILES, ".cargo/config.toml": 'include = ["more.toml"]', ".cargo/more.toml": ""})
    for asked in (ALL, ["metadata"]):
        assert observer.ask(root)[0] == asked


@pytest.mark.parametrize("known", [False, True])
def test_what_changes_while_cargo_answers_is_seen_by_the_next_run(
    write: Write, observer: Observer, known: bool
) -> None:
    root = write(FILES)
    if known:
        observer.ask(root)
        write({"crates/a/tests/one.rs": ""})
    observer.after = lambda: write({"crates/a/tests/meanwhile.rs": ""})
    observer.ask(root)
    asked, workspace, _ = observer.ask(root)
    assert (asked, workspace) == (["metadata"], told(root))


def _damage_of(kind: str, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    raw = json.loads(text)
    if kind == "cut":
        path.write_text(text[:-9], encoding="utf-8")
    elif kind == "answer":
        path.write_text(json.dumps({**raw, "answer": raw["answer"] + " "}), encoding="utf-8")
    elif kind == "watched":
        path.write_text(json.dumps({**raw, "watched": {}}), encoding="utf-8")
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    elif kind == "bytes":
        path.write_bytes(b"\xff\x00")
    else:
        path.write_text(kind, encoding="utf-8")


@pytest.mark.parametrize(
    "kind",
    [
        "cut",
        "answer",
        "watched",
        "folder",
        "bytes",
        "",
        "[]",
        "{}",
        "null",
        '{"watched": 1}',
        "[" * 9999,
    ],
    ids=lambda kind: kind[:9] or "empty",
)
def test_what_was_damaged_is_asked_for_again(write: Write, observer: Observer, kind: str) -> None:
    root = write(FILES)
    _, before, version = observer.ask(root)
    kept = list((root / "target").rglob("answers/*.json"))
    assert len(kept) == len(ALL)
    for path in kept:
        _damage_of(kind, path)
    # Nothing is watched for versions: there is nothing to damage.
    asked = ["metadata"] if kind == "watched" else ALL
    assert observer.ask(root) == (asked, before, version)


def test_where_nothing_can_be_written_all_is_asked_for(write: Write, observer: Observer) -> None:
    root = write({**FILES, "target/cpython-sys-cache": "no folder"})
    for _ in range(2):
        assert observer.ask(root)[0] == ALL


def test_runs_at_once_keep_whole_answers(write: Write) -> None:
    root = write(FILES)
    (root / "target").mkdir()
    script = (
        "from pytest_cpython_sys.cargo import *\n"
        "for _ in range(9):\n"
        f"    cargo = Cargo(); cargo.ask_ahead([{str(root)!r}]); cargo.toolchain\n"
        f"    workspace = cargo.workspace({str(root / 'Cargo.toml')!r})\n"
        "    assert len(workspace.packages) == 2\n"
        "    cargo.keep_answers(workspace, BuildOptions())\n"
        f"    open({str(root / 'crates/a/tests/new.rs')!r}, 'w').close()\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    runs = [subprocess.Popen([sys.executable, "-c", script], env=environ) for _ in range(3)]
    assert [one.wait(60) for one in runs] == [0, 0, 0]
    assert not list((root / "target").rglob("*.part"))


# -- toolchains -----------------------------------------------------------------------------------

CARGO = """#!/bin/sh
case $1 in -V) echo "cargo 1.90.{number} (x 2026-01-01)" ;; *) exec {real} "$@" ;; esac
"""
RUSTC = """#!/bin/sh
echo "rustc 1.90.{number} (x 2026-01-01)"; echo "host: h"; echo "release: 1.90.{number}"
"""


def make_toolchain(path: Path, number: int) -> None:
    """Write the programs of a toolchain, which name their version."""
    real = os.environ["REAL_CARGO"]
    for name, text in (("cargo", CARGO), ("rustc", RUSTC)):
        program = path / "bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(text.format(number=number, real=real), encoding="utf-8")
        program.chmod(0o755)


def settings(name: str) -> str:
    return f'version = "12"\ndefault_toolchain = "{name}"\nprofile = "default"\n[overrides]\n'


@pytest.fixture
def rustup(write: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Rustup with two toolchains of ours, in the folder of a package."""
    program = shutil.which("rustup")
    if program is None or shutil.which("cargo") is None:
        pytest.skip("rustup is not installed")
    monkeypatch.setenv("REAL_CARGO", Cargo().path)
    for number in (1, 2):
        make_toolchain(Path("home/toolchains") / f"t{number}", number)
    proxies = Path("home/bin")
    proxies.mkdir()
    for name in ("rustup", "cargo", "rustc"):
        (proxies / name).symlink_to(program)
    root = write(
        {"home/settings.toml": settings("t1"), "p/a/Cargo.toml": "a", "p/a/src/lib.rs": ""}
    )
    monkeypatch.setenv("RUSTUP_HOME", str(root / "home"))
    monkeypatch.setenv("PATH", f"{root / 'home/bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("RUSTUP_TOOLCHAIN", raising=False)
    monkeypatch.chdir(root / "p" / "a")
    time.sleep(0.1)  # what was written just now may be written again
    return root


def toolchain(path: str) -> Change:
    return lambda root, _: make_toolchain(root / path, 2)


def another_home(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(root / "home", root / "other", symlinks=True)
    make_toolchain(root / "other/toolchains/t1", 2)
    monkeypatch.setenv("RUSTUP_HOME", str(root / "other"))


def update_with_old_times(root: Path, _: pytest.MonkeyPatch) -> None:
    old = root / "home/toolchains/t1"
    for path in (root / "new/bin").iterdir():
        found = (old / "bin" / path.name).stat()
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
        assert path.stat().st_size == found.st_size
    shutil.rmtree(old)
    (root / "new").rename(old)


def first_on_the_path(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{root / 'own/bin'}{os.pathsep}{os.environ['PATH']}")


def without_rustup(root: Path, _: pytest.MonkeyPatch) -> None:
    for path in (root / "home/bin").iterdir():
        path.unlink()


TOOLCHAINS: dict[str, Change] = {
    "a file of the package": put("p/a/rust-toolchain", "t2"),
    "a table of the package": put("p/a/rust-toolchain.toml", '[toolchain]\nchannel = "t2"\n'),
    "a file above": put("p/rust-toolchain", "t2"),
    "a table above": put("rust-toolchain.toml", '[toolchain]\nchannel = "t2"\n'),
    "the default": put("home/settings.toml", settings("t2")),
    "an override": lambda root, _: (root / "home/settings.toml").write_text(
        f'{settings("t1")}"{root / "p"}" = "t2"\n', encoding="utf-8"
    ),
    "RUSTUP_TOOLCHAIN": lambda _, monkeypatch: monkeypatch.setenv("RUSTUP_TOOLCHAIN", "t2"),
    "another RUSTUP_HOME": another_home,
    "an update": toolchain("home/toolchains/t1"),
    "an update that keeps times": both(toolchain("new"), update_with_old_times),
    "another program on the path": both(toolchain("own"), first_on_the_path),
    "another program in its place": both(without_rustup, toolchain("home")),
}


@pytest.mark.parametrize("name", TOOLCHAINS)
def test_versions_are_asked_for_again(
    rustup: Path, monkeypatch: pytest.MonkeyPatch, observer: Observer, name: str
) -> None:
    assert (observer.ask(rustup, "p/a")[::2]) == (ALL, "1.90.1")
    assert (observer.ask(rustup, "p/a")[::2]) == ([], "1.90.1")
    TOOLCHAINS[name](rustup, monkeypatch)
    assert (observer.ask(rustup, "p/a")[::2]) == (ALL, "1.90.2")


def test_a_toolchain_that_was_changed_just_now_is_asked_again(
    rustup: Path, observer: Observer
) -> None:
    for number in (1, 2, 1, 2, 1):
        make_toolchain(rustup / "home/toolchains/t1", number)
        assert observer.ask(rustup, "p/a")[2] == f"1.90.{number}"


@pytest.mark.parametrize(("variable", "again"), [("CARGO", ALL), ("RUSTC", ["-vV"])])
def test_a_program_of_the_users_own_is_always_asked(
    rustup: Path,
    monkeypatch: pytest.MonkeyPatch,
    observer: Observer,
    variable: str,
    again: list[str],
) -> None:
    make_toolchain(rustup / "own", 2)
    monkeypatch.setenv(variable, str(rustup / "own/bin" / variable.lower()))
    for asked in (ALL, again):
        assert observer.ask(rustup, "p/a")[0] == asked


def test_a_toolchain_by_its_path_is_always_asked(rustup: Path, observer: Observer) -> None:
    make_toolchain(rustup / "own", 2)
    table = f'[toolchain]\npath = "{rustup / "own"}"\n'
    (rustup / "p/a/rust-toolchain.toml").write_text(table, encoding="utf-8")
    for _ in range(2):
        assert observer.ask(rustup, "p/a")[::2] == (ALL, "1.90.2")
