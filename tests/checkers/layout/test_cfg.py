"""Predicates are decided as rustc decides them, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_cpython_sys.checkers.layout.cfg import CfgSet, Truth, evaluate, parse_cfg

CFG = parse_cfg(
    ["unix", 'target_os="linux"', 'feature="a"', 'feature = "b c"', "debug_assertions", "junk junk"]
)


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        ("unix", Truth.TRUE),
        ("windows", Truth.FALSE),
        ('target_os = "linux"', Truth.TRUE),
        ('target_os = "macos"', Truth.FALSE),
        ('feature = "b c"', Truth.TRUE),
        ("not(unix)", Truth.FALSE),
        ('all(unix, feature = "a",)', Truth.TRUE),
        ("all()", Truth.TRUE),
        ("any()", Truth.FALSE),
        ('any(windows, not(feature = "z"))', Truth.TRUE),
        ("true", Truth.TRUE),
        ("false", Truth.FALSE),
        ("r#unix", Truth.TRUE),
        ('version("1.70")', Truth.UNKNOWN),
        ("any(unix, accessible(x))", Truth.UNKNOWN),
        ("all(unix", Truth.UNKNOWN),
        ("unix windows", Truth.UNKNOWN),
        ("not(unix, windows)", Truth.UNKNOWN),
        ("inside cfg_if!", Truth.UNKNOWN),
        ("", Truth.UNKNOWN),
        ("&&", Truth.UNKNOWN),
    ],
)
def test_a_predicate(predicate: str, expected: Truth) -> None:
    assert evaluate(predicate, CFG) is expected


def test_a_target_that_was_not_compiled_leaves_features_open() -> None:
    cfg = CfgSet(frozenset({"unix"}), complete=False)
    assert evaluate('feature = "a"', cfg) is Truth.UNKNOWN
    assert evaluate("mine", cfg) is Truth.UNKNOWN
    assert evaluate('all(windows, feature = "a")', cfg) is Truth.FALSE
    assert evaluate('target_os = "macos"', cfg) is Truth.FALSE


PREDICATES = st.recursive(
    st.sampled_from(["unix", "windows", 'feature = "a"', 'feature = "z"', "true", "false"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: f"all({', '.join(parts)})"),
        st.lists(inner, max_size=3).map(lambda parts: f"any({','.join(parts)})"),
        inner.map(lambda part: f"not( {part} )"),
    ),
    max_leaves=10,
)


def by_python(predicate: str) -> bool:
    """Let Python evaluate the same words."""
    text = predicate.replace('feature = "a"', "True").replace('feature = "z"', "False")
    text = text.replace("all(", "all_(").replace("any(", "any_(").replace("not(", "not_(")
    names = {
        "unix": True,
        "windows": False,
        "true": True,
        "false": False,
        "all_": lambda *parts: all(parts),
        "any_": lambda *parts: any(parts),
        "not_": lambda part: not part,
    }
    return bool(eval(text, {"__builtins__": {}}, names))


@given(PREDICATES)
def test_nested_predicates(predicate: str) -> None:
    expected = Truth.TRUE if by_python(predicate) else Truth.FALSE
    assert evaluate(predicate, CFG) is expected


@given(st.text(max_size=60))
def test_never_raises(text: str) -> None:
    assert evaluate(text, CFG) in Truth
