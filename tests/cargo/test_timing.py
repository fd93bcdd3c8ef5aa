"""How long compilers took, out of what cargo writes in two streams."""

from __future__ import annotations

import time

from pytest_cpython_sys.cargo.messages import Artifact, BuildScript
from pytest_cpython_sys.cargo.metadata import Target
from pytest_cpython_sys.cargo.timing import Clock

LIB = Target("a", "lib", ("lib",), "/w/src/lib.rs")
SCRIPT = Target("build-script-build", "custom-build", ("bin",), "/w/build.rs")


def artifact(target: Target, *names: str, test: bool = False, fresh: bool = False) -> Artifact:
    return Artifact("a 1", target, test, None, names, (), fresh)


def test_what_is_started_and_done() -> None:
    clock = Clock("/w")
    clock.feed(b"   Compiling a v1\n     Running `/x/rustc --crate-name a src/li")
    clock.feed(b"b.rs --out-dir /w/target -C extra-filename=-1`\n")
    time.sleep(0.02)
    clock.note(artifact(LIB))
    # In the progress bar's own line, and as a test.
    clock.feed(b"    Building [=> ] 1/3: a\r     Running `rustc --crate-name a src/lib.rs --test ")
    clock.feed(b"--out-dir /w/target`\r\n")
    clock.note(artifact(LIB, test=True))
    assert [(one.package_id, one.what) for one in clock.timings] == [
        ("a 1", "lib"),
        ("a 1", "lib test"),
    ]
    assert clock.timings[0].seconds >= 0.02


def test_build_scripts_are_compiled_and_run() -> None:
    clock = Clock("/w")
    clock.feed(b"     Running `rustc --crate-name build_script_build build.rs --out-dir /w/t`\n")
    clock.note(artifact(SCRIPT, "/w/t/build-script-build"))
    clock.feed(b"     Running `/w/t/build-script-build`\n")
    clock.note(BuildScript("a 1", "/w/t/out", (), (), ()))
    assert [one.what for one in clock.timings] == ["build script", "build script run"]


def test_what_is_fresh_took_no_time() -> None:
    clock = Clock("/w")
    clock.note(artifact(LIB, fresh=True))
    clock.note(BuildScript("a 1", "/w/t/out", (), (), ()))
    clock.note(None)
    clock.feed(b"     Running `unbalanced ' quote`\n")
    assert clock.timings == []


def test_a_build_script_may_start_before_cargos_other_stream_is_read() -> None:
    clock = Clock("/w")
    clock.feed(b"     Running `rustc --crate-name build_script_build build.rs --out-dir /w/t`\n")
    clock.feed(b"     Running `/w/t/build-script-build`\n")
    clock.note(artifact(SCRIPT, "/w/t/build-script-build"))
    clock.note(BuildScript("a 1", "/w/t/out", (), (), ()))
    assert [one.what for one in clock.timings] == ["build script", "build script run"]
