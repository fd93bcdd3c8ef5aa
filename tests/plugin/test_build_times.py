"""The lines of build times: slowest first, what is hidden counted."""

from __future__ import annotations

from pytest_cpython_sys.cargo import Artifact, Build, Target, Timing, Workspace
from pytest_cpython_sys.plugin.build_times import build_time_lines

SYN = "registry+https://github.com/rust-lang/crates.io-index#syn@2.0.1"
MINE = "path+file:///w/spam#0.1.0"
FRESH = "path+file:///w/eggs#eggs-core@0.2.0"


def build(*timings: Timing, fresh: tuple[str, ...] = ()) -> Build:
    library = Target("x", "lib", ("lib",), "/x.rs")
    artifacts = tuple(Artifact(one, library, False, None, (), (), True) for one in fresh)
    workspace = Workspace("/w", "/w/target", "/w/target", ())
    return Build(workspace, (), {}, 0, 1.0, artifacts, (), (), "", timings=timings)


def test_slowest_first() -> None:
    found = build(
        Timing(SYN, "lib", 2.0),
        Timing(MINE, "lib", 1.0),
        Timing(MINE, "build script run", 3.5),
        fresh=(FRESH, MINE),
    )
    assert list(build_time_lines([found], 0, 0.0)) == [
        "4.50s spam 0.1.0 (build script run 3.50s, lib 1.00s)",
        "2.00s syn 2.0.1 (lib 2.00s)",
        "(1 crate fresh)",
    ]
    assert list(build_time_lines([found], 1, 0.0))[1:] == ["(1 more compiled, 1 crate fresh)"]
    assert list(build_time_lines([found], 0, 5.0)) == ["(2 more compiled, 1 crate fresh)"]


def test_what_was_compiled_for_several_pythons_says_so() -> None:
    found = build(Timing(SYN, "lib", 2.0), Timing(MINE, "lib", 1.0))
    assert list(build_time_lines([found, build(Timing(MINE, "lib", 2.0))], 0, 0.0)) == [
        "3.00s spam 0.1.0 in 2 builds (lib 3.00s)",
        "2.00s syn 2.0.1 (lib 2.00s)",
    ]


def test_without_a_build_there_is_nothing() -> None:
    assert list(build_time_lines([], 3, 0.0)) == []
