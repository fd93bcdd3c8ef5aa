"""Options and ini keys. Light to import: every pytest run on the machine pays for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pytest

__all__ = ["add_options"]

_GROUP = "cpython-sys"
_IniType = Literal["string", "args", "bool", "float"]


def add_options(parser: pytest.Parser) -> None:
    """Declare all options and their ini keys."""
    group = parser.getgroup(_GROUP, "Rust tests (pytest-cpython-sys)")
    group.addoption(
        "--cpython-sys",
        "--cargo",
        action="store_true",
        default=None,
        dest="cpython_sys",
        help="collect the Rust tests of cargo packages: bindgen's layout tests, unit tests, ...",
    )
    group.addoption(
        "--no-cpython-sys",
        "--no-cargo",
        action="store_false",
        default=None,
        dest="cpython_sys",
        help="do not collect Rust tests, whatever the ini file says",
    )
    parser.addini("cpython_sys", "collect Rust tests on every run", type="bool", default=False)

    def value(name: str, metavar: str, text: str) -> None:
        group.addoption(f"--{name}", metavar=metavar, default=None, help=text)

    def flag(name: str, text: str) -> None:
        group.addoption(f"--{name}", action="store_true", default=None, help=text)

    def several(name: str, metavar: str, text: str) -> None:
        group.addoption(f"--{name}", metavar=metavar, action="append", default=None, help=text)

    several("cargo-package", "GLOB", "only packages of this name; may be given again")
    value("cargo-features", "A,B", "features to switch on")
    flag("cargo-all-features", "switch all features on")
    flag("cargo-no-default-features", "leave the default features off")
    value("cargo-profile", "NAME", "the profile to build with")
    value("cargo-target", "TRIPLE", "the target to build for")
    value("cargo-target-dir", "DIR", "where cargo builds")
    value("cargo-args", "ARGS", 'more arguments for cargo, as in --cargo-args="--locked --offline"')
    value("cargo-timeout", "SECONDS", "how long one Rust test may take")
    flag("cargo-isolate", "a process of its own for each Rust test")
    value("cargo-run-ignored", "default|only|all", "whether #[ignore] tests run (default: no)")
    flag("cargo-no-doctests", "leave doctests out")
    several(
        "cpython-sys-python",
        "PATH",
        "the interpreter or build directory to build against; may be given again",
    )
    value("cpython-sys-abi", "auto|all|off", "what the C compiler is asked about")
    value("cpython-sys-layouts", "DIR", "write an SVG for each type whose layout was compared")
    flag("cpython-sys-update-ledger", "write how often each file uses `unsafe`")
    import pytest

    # pytest 8.3 knows no numbers; a string is read as one all the same.
    numbers = pytest.version_tuple >= (8, 4)
    for name, text, kind in _INI:
        known: _IniType = kind if numbers or kind != "float" else "string"
        parser.addini(name, text, type=known, default=None)


# Plain strings, read below: a typed TOML table may hold numbers and booleans all the same.
_INI: tuple[tuple[str, str, _IniType], ...] = (
    ("cargo_package", "names of packages, globs", "args"),
    ("cargo_features", "features to switch on", "args"),
    ("cargo_all_features", "switch all features on", "bool"),
    ("cargo_no_default_features", "leave the default features off", "bool"),
    ("cargo_profile", "the profile to build with", "string"),
    ("cargo_target", "the target to build for", "string"),
    ("cargo_target_dir", "where cargo builds", "string"),
    ("cargo_args", "more arguments for cargo", "args"),
    ("cargo_timeout", "how long one Rust test may take, in seconds", "float"),
    ("cargo_isolate", "a process of its own for each Rust test", "bool"),
    ("cargo_run_ignored", "default, only or all", "string"),
    ("cargo_no_doctests", "leave doctests out", "bool"),
    ("cpython_sys_python", "interpreters or build directories", "args"),
    ("cpython_sys_abi", "auto, all or off", "string"),
    ("cpython_sys_layouts", "where to write an SVG for each type that was compared", "string"),
    ("cpython_sys_policies", "auto, all or off: which policies are checked", "string"),
    (
        "cargo_timeouts",
        "GLOB=SECONDS for node ids: how long such Rust tests may take",
        "args",
    ),
    ("cargo_leaks", "warn or fail: what a process that outlives its test is", "string"),
    ("cargo_grace", "seconds between asking a process to end and killing it", "float"),
)
