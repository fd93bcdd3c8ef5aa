"""Options and ini keys, as `rust.option_table` has them.

Light to import: every pytest run on the machine pays for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..rust.option_table import LISTS, OPTIONS

if TYPE_CHECKING:
    import pytest

    from ..rust.option_table import Option

__all__ = ["add_options"]


def add_options(parser: pytest.Parser) -> None:
    """Declare all options and their ini keys."""
    group = parser.getgroup("cpython-sys", "Rust tests (pytest-cpython-sys)")
    for option in OPTIONS:
        if option.command_line:
            _add_option(group, option)
        if option.key:
            parser.addini(option.name, option.help, type=_ini_type(option), default=None)


def _add_option(group: pytest.OptionGroup, option: Option) -> None:
    name, text = option.name, option.help
    if option.kind != "flag":
        action = "append" if option.kind == "several" else "store"
        metavar = option.value
        group.addoption(*option.words, dest=name, action=action, metavar=metavar, help=text)
        return
    group.addoption(*option.words, dest=name, action="store_true", default=None, help=text)
    if option.key:
        text = f"turn off {option.words[0]}, even if the ini file turns it on"
        group.addoption(*option.opposites, dest=name, action="store_false", help=text)


def _ini_type(option: Option) -> Literal["bool", "args", "float", "string"]:
    if option.kind == "flag":
        return "bool"
    if option.kind in LISTS:
        return "args"
    import pytest

    # pytest 8.3 knows no numbers; a string is read as one all the same.
    numbers = option.kind == "seconds" and pytest.version_tuple >= (8, 4)
    return "float" if numbers else "string"
