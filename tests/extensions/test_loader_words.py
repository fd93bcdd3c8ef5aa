"""What a loader says of a library: what is wrong comes first."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.extensions.probe.common import loader_words

PATH = "/tmp/cpython-sys-x/root/ham.so"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{PATH}: undefined symbol: spam", "undefined symbol: spam (ham.so)"),
        (f"ImportError: {PATH}: bad", "ImportError: bad (ham.so)"),
        (
            f"dlopen({PATH}, 0x0002): symbol not found in flat namespace '_spam'",
            "symbol not found in flat namespace '_spam' (ham.so)",
        ),
        (f"ImportError: dlopen({PATH}, 0x0002): bad", "ImportError: bad (ham.so)"),
        (f"cannot import name 'x' from 'ham' ({PATH})",) * 2,
        ("libz.so.1: cannot open shared object file",) * 2,
        (PATH,) * 2,
    ],
)
def test_what_is_wrong_comes_first(text: str, words: str) -> None:
    assert loader_words(text, PATH) == words


def test_an_error_without_a_path() -> None:
    assert loader_words("bad", None) == "bad"
