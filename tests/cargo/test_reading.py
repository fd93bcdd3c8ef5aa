"""What cargo prints becomes typed objects; what is not cargo's is left out. No cargo is run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_cpython_sys.cargo import (
    BuildOptions,
    Cargo,
    CargoMissingError,
    CargoTooOldError,
    ManifestError,
    ToolchainError,
    first_error,
    shown_command,
)
from pytest_cpython_sys.cargo.build import Build
from pytest_cpython_sys.cargo.command import build_arguments, completion_arguments
from pytest_cpython_sys.cargo.configuration import configured_environment, rustflags
from pytest_cpython_sys.cargo.depinfo import parse_depinfo, parse_rustc_calls
from pytest_cpython_sys.cargo.failures import compiler_failures, script_failures, unit_label
from pytest_cpython_sys.cargo.messages import Artifact, BuildScript, Diagnostic, parse_message
from pytest_cpython_sys.cargo.metadata import parse_metadata
from pytest_cpython_sys.cargo.unit_graph import parse_unit_graph

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_subprocess import FakeProcess

TARGET: dict[str, Any] = {
    "kind": ["cdylib", "rlib"],
    "crate_types": ["cdylib", "rlib"],
    "name": "my_lib",
    "src_path": "/w/a/src/lib.rs",
    "edition": "2021",
    "doctest": True,
    "test": True,
}
METADATA = {
    "packages": [
        {
            "name": "my-lib",
            "version": "1.2.3",
            "id": "path+file:///w/a#my-lib@1.2.3",
            "manifest_path": "/w/a/Cargo.toml",
            "targets": [TARGET, {**TARGET, "kind": ["bin"], "name": "tool"}],
            "dependencies": [{"name": "b", "kind": None, "path": "/w/b"}],
            "features": {"default": ["x"], "x": []},
            "metadata": None,
        },
        {"id": "not-a-member", "name": "other"},
    ],
    "workspace_members": ["path+file:///w/a#my-lib@1.2.3"],
    "workspace_root": "/w",
    "target_directory": "/w/target",
}


def line(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_metadata_holds_the_members_alone() -> None:
    workspace = parse_metadata(json.dumps(METADATA))
    (package,) = workspace.packages
    assert (workspace.root, workspace.build_directory) == ("/w", "/w/target")
    assert package.root == "/w/a"
    assert package.library is not None
    assert [target.kind for target in package.targets] == ["lib", "bin"]
    assert package.dependencies[0].path == "/w/b"


def test_an_artifact() -> None:
    message = parse_message(
        line(
            reason="compiler-artifact",
            package_id="p",
            target=TARGET,
            profile={"test": True},
            executable="/w/target/debug/deps/my_lib-1",
            filenames=["/w/target/debug/deps/my_lib-1"],
            features=["x"],
            fresh=False,
        )
    )
    assert isinstance(message, Artifact)
    assert (message.test, message.executable) == (True, "/w/target/debug/deps/my_lib-1")


def test_a_diagnostic_and_a_build_script() -> None:
    message = parse_message(
        line(
            reason="compiler-message",
            package_id="p",
            target=TARGET,
            message={"level": "error", "message": "m", "code": {"code": "E0080"}, "rendered": "r"},
        )
    )
    assert isinstance(message, Diagnostic)
    assert (message.is_error, message.code, message.rendered) == (True, "E0080", "r")
    script = parse_message(
        line(
            reason="build-script-executed",
            package_id="p",
            out_dir="/o",
            cfgs=["x"],
            env=[["A", "b"]],
            linked_paths=[],
        )
    )
    assert isinstance(script, BuildScript)
    assert script.env == (("A", "b"),)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"{}", b'{"reason":3}', b'{"reason":"compiler-artifact"}', b"[1]", b"warning"],
)
def test_what_is_no_message(text: bytes) -> None:
    assert parse_message(text) is None


@given(st.binary(max_size=80))
def test_reading_a_message_never_raises(data: bytes) -> None:
    parse_message(data)
    parse_message(b'{"reason":"compiler-message",' + data)


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=20), st.binary(max_size=30))))
def test_diagnostics_among_noise_stay_with_their_packages(
    entries: list[tuple[str, str, bytes]],
) -> None:
    found = []
    for package, text, noise in entries:
        message = {"level": "error", "message": text, "code": None, "rendered": text + "!"}
        told = line(reason="compiler-message", package_id=package, target=TARGET, message=message)
        for one in (*noise.split(b"\n"), told, told[:-1], told[1:], b"{" + noise):
            parsed = parse_message(one)
            if parsed is not None:
                assert isinstance(parsed, Diagnostic)
                found.append((parsed.package_id, parsed.message, parsed.rendered))
    assert found == [(package, text, text + "!") for package, text, _ in entries]


def test_dep_info_names_the_sources_of_the_first_rule() -> None:
    text = (
        "/t/deps/c-1.d: src/lib.rs src/a\\ b.rs /o/gen.rs\n\nsrc/lib.rs:\n\n# env-dep:OUT_DIR=/o\n"
    )
    assert parse_depinfo(text) == ("src/lib.rs", "src/a b.rs", "/o/gen.rs")
    assert parse_depinfo("") == ()


def test_compiler_calls_in_cargos_words() -> None:
    text = (
        "   Compiling c v0.1.0\n"
        "     Running `A=b /r/rustc --crate-name c --edition=2021 src/lib.rs --test "
        "--cfg 'feature=\"x y\"' -C extra-filename=-1f --out-dir /t/debug/deps`\n"
        "     Running `/t/debug/build/c-1/build-script-build`\n"
    )
    (call,) = parse_rustc_calls(text)
    assert (call.crate_name, call.source, call.test) == ("c", "src/lib.rs", True)
    assert call.cfgs == ('feature="x y"',)
    assert call.depinfo == "/t/debug/deps/c-1f.d"


def test_command_lines() -> None:
    options = BuildOptions(
        packages=("a", "b"), features=("x", "y"), profile="fast", extra=("--offline",)
    )
    assert build_arguments(options) == [
        "test",
        "--package=a",
        "--package=b",
        "--no-run",
        "--no-fail-fast",
        "-v",
        "--message-format=json",
        "--features=x,y",
        "--profile=fast",
        "--offline",
    ]
    assert "--workspace" in build_arguments(BuildOptions())
    build = failed_build()
    assert "--lib" not in completion_arguments(BuildOptions(), build)
    build = failed_build("build")
    completion = completion_arguments(BuildOptions(), build)
    assert {"build", "--keep-going", "--profile=test", "--workspace", "--lib"} <= set(completion)
    assert "--examples" not in completion
    assert "--profile=test" not in completion_arguments(options, build)


def failed_build(*modes: str) -> Build:
    """Return a build in which the library was to be compiled in these ways."""
    workspace = parse_metadata(json.dumps(METADATA))
    (package,) = workspace.packages
    target = {"kind": ["cdylib", "rlib"], "name": "my_lib"}
    units = [
        {"pkg_id": package.id, "target": target, "features": ["b", "a"], "mode": mode}
        for mode in ("test", "run-custom-build", *modes)
    ]
    planned = parse_unit_graph(json.dumps({"version": 1, "units": units}).encode())
    return Build(workspace, (), {}, 101, 0.0, (), (), (), "", planned=planned)


def test_a_graph_of_units() -> None:
    build = failed_build("build")
    assert {(unit.test, unit.features) for unit in build.planned or ()} == {
        (True, ("a", "b")),
        (False, ("a", "b")),
    }
    assert parse_unit_graph(b"") is None
    assert parse_unit_graph(b'{"units": [{}]}') is None


@pytest.mark.parametrize(
    ("code", "stderr", "words"),
    [
        (101, "error: no\n", "error: no"),
        (101, "     Running `rustc x`\n", "cargo exited with code 101"),
        (-9, "", "cargo was killed by SIGKILL (Killed)"),
        (0, "", ""),
    ],
)
def test_a_build_that_failed_has_words(code: int, stderr: str, words: str) -> None:
    assert replace(failed_build(), exit_code=code, stderr=stderr).words == words


def test_the_line_to_type_needs_no_thought_about_quotes() -> None:
    (package,) = parse_metadata(json.dumps(METADATA)).packages
    tool = package.targets[1]
    options = BuildOptions(features=("x",), target_dir="/ours")
    assert (
        shown_command(package, tool, "a b", options)
        == "cargo test -p my-lib --features=x --bin tool -- --exact 'a b'"
    )


def test_flags_and_variables_of_cargos_configuration(tmp_path: Path) -> None:
    inner = tmp_path / "w" / "inner"
    for directory, text in (
        (inner, '[env]\nA = "near"\nR = { value = "x", relative = true }\nS = "kept"\n'),
        (
            tmp_path / "w",
            (
                '[build]\nrustflags = ["--cfg", "far"]\n[env]\nA = "far"\n'
                'F = { value = "forced", force = true }\n'
            ),
        ),
    ):
        (directory / ".cargo").mkdir(parents=True)
        (directory / ".cargo" / "config.toml").write_text(text, encoding="utf-8")
    environ = {"CARGO_HOME": str(tmp_path / "none"), "S": "shell", "F": "shell"}
    assert configured_environment(environ, str(inner)) == {
        "A": "near",
        "R": str(inner / "x"),
        "F": "forced",
    }
    assert rustflags(environ, str(inner)) == ["--cfg", "far"]
    assert rustflags({**environ, "RUSTFLAGS": "-C x"}, str(inner)) == ["-C", "x"]


@pytest.fixture
def cargo(tmp_path: Path) -> Cargo:
    program = tmp_path / "cargo"
    program.write_text("", encoding="utf-8")
    program.chmod(0o755)
    return Cargo(str(program), {"PATH": str(tmp_path), "RUSTC": "rustc"})


def test_versions(cargo: Cargo, fp: FakeProcess) -> None:
    fp.register([cargo.program, "-V"], stdout="cargo 1.95.0 (f2d3ce0bd 2026-03-21)\n")
    fp.register(["rustc", "-vV"], stdout="rustc 1.95.0\nhost: x86_64-unknown\nrelease: 1.95.0\n")
    toolchain = cargo.toolchain
    assert (toolchain.cargo, toolchain.rustc) == ("1.95.0", "1.95.0")
    assert toolchain.host == "x86_64-unknown"


def test_an_old_cargo(cargo: Cargo, fp: FakeProcess) -> None:
    fp.register([cargo.program, "-V"], stdout="cargo 1.60.0\n")
    fp.register(["rustc", "-vV"], stdout="release: 1.60.0\n")
    with pytest.raises(CargoTooOldError, match=r"is cargo 1\.60\.0; .* or newer is needed"):
        _ = cargo.toolchain


def test_no_cargo() -> None:
    with pytest.raises(CargoMissingError, match="no cargo: nowhere cannot be started"):
        _ = Cargo("nowhere", {"PATH": ""}).toolchain


def test_a_refused_manifest_has_cargos_words(cargo: Cargo, fp: FakeProcess) -> None:
    fp.register([cargo.program, "metadata", fp.any()], returncode=101, stderr="error: bad key\n")
    fp.register([cargo.program, "-V"], stdout="cargo 1.95.0\n")
    with pytest.raises(ManifestError) as caught:
        cargo.workspace("/w/Cargo.toml")
    assert type(caught.value) is ManifestError
    assert (caught.value.manifest, caught.value.words) == ("/w/Cargo.toml", "error: bad key")


def test_a_toolchain_that_is_not_there_is_no_refused_manifest(
    cargo: Cargo, fp: FakeProcess
) -> None:
    words = "error: toolchain 'x' is not installed\n\nStack backtrace:\n   0: rustup::main\n"
    fp.register([cargo.program, "metadata", fp.any()], returncode=1, stderr=words)
    fp.register([cargo.program, "-V"], returncode=1, stderr=words)
    with pytest.raises(ToolchainError) as caught:
        cargo.workspace("/w/Cargo.toml")
    assert caught.value.summary == "error: toolchain 'x' is not installed"
    assert str(caught.value).endswith(f"\n{caught.value.summary}")


STDERR = """\
   Compiling c v0.1.0 (/c)
     Running `rustc --crate-name c src/lib.rs`
error: could not compile `c` (lib) due to 1 previous error
noise of another
error: could not compile `c` (test "a")

Caused by:
  process didn't exit successfully: `/x/rustc --crate-name a tests/a.rs --test` (signal: 9, SIGKILL: kill)
warning: build failed, waiting for other jobs to finish...
error: could not compile `d` (bin "d" test)

Caused by:
  No space left on device (os error 28)

Caused by:
  failed to parse process output: `/x/rustc --crate-name d src/main.rs` (exit status: 101)
error: could not compile `e` (build script)

Caused by:
  process didn't exit successfully: `rustc --crate-name build_script_build build.rs` (exit status: 1)
error: failed to run custom build command for `f v0.1.0 (/f)`

Caused by:
  process didn't exit successfully: `/f/build-script-build` (exit status: 101)
  --- stderr
  error: in its words
"""  # noqa: E501 - cargo's own lines


def test_units_that_were_not_compiled() -> None:
    found = {(one.package, one.unit): one for one in compiler_failures(STDERR)}
    assert {name: one.how for name, one in found.items()} == {
        ("c", "lib"): "",
        ("c", 'test "a"'): "signal: 9, SIGKILL: kill",
        ("d", 'bin "d" test'): "exit status: 101",
        ("e", "build script"): "",
    }
    killed = found["c", 'test "a"'].words
    assert killed.startswith("noise of another\nerror: could not compile `c`")
    assert "`rustc --crate-name a ...` (signal: 9, SIGKILL: kill)" in killed
    assert "Running" not in found["c", "lib"].words
    labels = [("lib", "c", False), ("test", "a", True), ("bin", "d", True)]
    assert [unit_label(kind, name, test=test) for kind, name, test in labels] == [
        "lib",
        'test "a"',
        'bin "d" test',
    ]
    (script,) = script_failures(STDERR)
    assert script.package == "f"
    assert script.words.endswith("error: in its words")


def test_the_first_error_in_one_line() -> None:
    words = (
        "note: x\nerror: failed to load `p`\n\nCaused by:\n  at line 3\n\nCaused by:\n  bad key\n"
    )
    assert first_error(words) == "error: bad key (failed to load `p`)"
    causes = ("error: failed to open", "  cannot read `f`", "  Gone (os error 2)\n")
    read = "\n\nCaused by:\n".join(causes)
    assert first_error(read) == "error: failed to open: cannot read `f`: Gone (os error 2)"
    assert first_error("error: could not compile `c`\nerror[E0001]: x\n") == "error[E0001]: x"
    assert first_error("warning: x") == ""


def test_cargo_of_the_environment_wins() -> None:
    assert Cargo(environ={"CARGO": "/mine"}).program == "/mine"
    assert Cargo(environ={}).program == "cargo"
