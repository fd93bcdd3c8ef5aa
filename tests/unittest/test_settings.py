"""Options of `make_load_tests` are those of pytest's command line, and the variable wins."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.cargo import BuildOptions
from pytest_cpython_sys.rust.context import RunOptions
from pytest_cpython_sys.rust.option_table import OPTIONS, Option
from pytest_cpython_sys.unittest.settings import VARIABLE, OptionsError, read_settings


def test_without_options_all_is_as_in_pytest() -> None:
    settings = read_settings([], {})
    assert settings.build == BuildOptions()
    assert settings.run == RunOptions(
        on_slow=settings.run.on_slow, on_output=settings.run.on_output
    )
    assert settings.package_globs == ()
    assert settings.pythons == ()


def test_every_option_arrives() -> None:
    settings = read_settings(
        [
            "--cargo-package=a*",
            "--cargo-package=b",
            "--cargo-features=x,y",
            "--cargo-all-features",
            "--cargo-no-default-features",
            "--cargo-profile=release",
            "--cargo-target=wasm32-wasip1",
            "--cargo-target-dir=out",
            "--cargo-args=--locked --config 'a b'",
            "--cargo-timeout=1.5",
            "--cargo-timeouts=*::slow=60",
            "--cargo-grace=3",
            "--cargo-isolate",
            "--cargo-run-ignored=all",
            "--cargo-no-doctests",
            "--cargo-leaks=fail",
            "--cpython-sys-python=python3.13",
            "--cpython-sys-abi=off",
            "--cpython-sys-policies=all",
        ],
        {},
    )
    assert settings.package_globs == ("a*", "b")
    assert settings.build == BuildOptions(
        features=("x", "y"),
        all_features=True,
        no_default_features=True,
        profile="release",
        target="wasm32-wasip1",
        target_dir="out",
        extra=("--locked", "--config", "a b"),
    )
    assert settings.run == RunOptions(
        timeout=1.5,
        grace=3.0,
        isolate=True,
        ignored="all",
        doctests=False,
        leaks_fail=True,
        abi="off",
        policies="all",
        on_slow=settings.run.on_slow,
        on_output=settings.run.on_output,
    )
    assert settings.pythons == ("python3.13",)
    assert settings.timeouts == (("*::slow", 60.0),)


@pytest.mark.parametrize(
    "option",
    [o for o in OPTIONS if o.kind == "flag" and o.unittest],
    ids=lambda option: option.name,
)
def test_a_flag_can_be_said_no_to(option: Option) -> None:
    def settings(option: str, variable: str = "") -> tuple[BuildOptions, bool, bool]:
        found = read_settings([option], {VARIABLE: variable})
        return found.build, found.run.isolate, found.run.doctests

    word, opposite = option.words[0], option.opposites[0]
    assert settings(word) != settings(opposite)
    assert settings(word, opposite) == settings(opposite)
    assert settings(opposite, word) == settings(word)


def test_the_variable_wins_and_lists_grow() -> None:
    settings = read_settings(
        ["--cargo-timeout=1", "--cargo-args=--locked"],
        {VARIABLE: "--cargo-timeout=2 --cargo-args='--offline --quiet'"},
    )
    assert settings.run.timeout == 2.0
    assert settings.build.extra == ("--locked", "--offline", "--quiet")


@pytest.mark.parametrize(
    ("options", "variable", "words"),
    [
        (["--cargo-timeout=0"], "", "make_load_tests: argument --cargo-timeout: 0: give"),
        (["--nothing"], "", "make_load_tests: unrecognized arguments: --nothing"),
        (["stray"], "", "make_load_tests: unrecognized arguments: stray"),
        (["--cargo-pack=a"], "", "make_load_tests: unrecognized arguments: --cargo-pack=a"),
        (["--cargo-timeouts=5"], "", "5: write GLOB=SECONDS"),
        ([], "--cargo-args", f"${VARIABLE}: argument --cargo-args: expected one argument"),
        ([], "'", f"${VARIABLE}=': a quotation mark is not closed"),
        ([], "--cargo-timeout=inf", "inf: give a number of seconds above 0"),
    ],
)
def test_what_makes_no_sense_is_named(options: list[str], variable: str, words: str) -> None:
    with pytest.raises(OptionsError) as caught:
        read_settings(options, {VARIABLE: variable})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
