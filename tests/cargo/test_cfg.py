"""Predicates are decided as rustc decides them, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_cpython_sys.cargo.cfg import CfgSet, Truth, evaluate, parse_cfg

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
        ('not(version("1.70"))', Truth.UNKNOWN),
        ("any(unix, accessible(a::b))", Truth.TRUE),
        ("all(unix, accessible(a::b))", Truth.UNKNOWN),
        ('all(windows, version("1.70"))', Truth.FALSE),
        ("any(accessible(f(x), g), unix)", Truth.TRUE),
        ("any(accessible(x", Truth.UNKNOWN),
        ("unix,", Truth.TRUE),
        ("unix,,", Truth.UNKNOWN),
        ("all(,unix)", Truth.UNKNOWN),
        ("all(\n  unix, // it's (only\n  /* here */ not(windows),\n)", Truth.TRUE),
        ('feature = r"a"', Truth.TRUE),
        ('feature = r#"a"#', Truth.TRUE),
        ('r#feature = "a"', Truth.TRUE),
        ("feature = a", Truth.UNKNOWN),
        ("feature =", Truth.UNKNOWN),
        ("r#true", Truth.FALSE),
        ("1unix", Truth.UNKNOWN),
        ("cfg_attr(unix, cfg(windows))", Truth.UNKNOWN),
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


def test_a_deep_predicate_is_not_decided() -> None:
    assert evaluate("not(" * 5000 + "unix" + ")" * 5000, CFG) is Truth.UNKNOWN


def test_what_rustc_and_build_scripts_print() -> None:
    cfg = parse_cfg(["unix\r\n", 'feature="a\\"b"', "r#type", "", "=", 'x="y" z'])
    assert cfg == CfgSet(frozenset({"unix", "type"}), frozenset({("feature", 'a"b')}))


def test_sets_add_up() -> None:
    both = parse_cfg(["a"]) | parse_cfg(['b="c"', "a"])
    assert both == CfgSet(frozenset({"a"}), frozenset({("b", "c")}))
    assert both.without("a") == CfgSet(pairs=frozenset({("b", "c")}))


KLEENE = st.recursive(
    st.sampled_from(["unix", "windows", 'version("1.70")']),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"all({', '.join(parts)})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"any({', '.join(parts)})"),
        inner.map(lambda part: f"not({part})"),
    ),
    max_leaves=8,
)


@given(KLEENE)
def test_what_is_unknown_stays_so_only_where_it_matters(predicate: str) -> None:
    outcomes = {by_python(predicate.replace('version("1.70")', word)) for word in ("true", "false")}
    truth = evaluate(predicate, CFG)
    if truth is not Truth.UNKNOWN:
        assert outcomes == {truth is Truth.TRUE}
    elif predicate.count("version") == 1:  # several may cancel out: Kleene's logic cannot tell
        assert len(outcomes) == 2
