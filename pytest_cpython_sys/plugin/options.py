"""Options and ini keys, as `rust.option_table` has them.

Light to import: every pytest run on the machine pays for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from ..rust.option_table import LISTS, OPTIONS

if TYPE_CHECKING:
    import pytest

    from ..rust.option_table import Option

__all__ = ["add_options", "check_unused", "plugin_is_off"]

_DEMANDS: Final = ("cpython_sys_report", "cpython_sys_update_ledger", "cargo_debugger")
"""Options that ask for something to be done, which nobody does where the plugin is off."""


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


def plugin_is_off(word: str) -> pytest.UsageError:
    """Return what to say of an option that asks for something that nobody does."""
    import pytest

    return pytest.UsageError(f"{word}: the plugin is off: add --cpython-sys")


def check_unused(config: pytest.Config) -> None:
    """Say which options have no effect, as the plugin is off.

    Raises pytest.UsageError for those that ask for something to be done; else it is a warning.
    What stands in ``addopts`` may be for other runs: only what was typed for this one counts.
    """
    if hasattr(config, "workerinput"):
        return  # told by the controller of pytest-xdist
    starts = [str(word).partition("=")[0] for word in config.invocation_params.args]
    ours = {word: option for option in OPTIONS for word in (*option.words, *option.opposites)}
    unused = dict.fromkeys(word for word in starts if word in ours)
    for word in unused:
        if ours[word].name in _DEMANDS:
            raise plugin_is_off(word)
    if unused and config.getoption("cpython_sys") is not False:  # not turned off on purpose
        from .report import record_warning

        words, verb = ", ".join(unused), "have" if len(unused) > 1 else "has"
        record_warning(config, f"{words} {verb} no effect: the plugin is off: add --cpython-sys")
