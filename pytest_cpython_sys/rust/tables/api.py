"""The table ``[package.metadata.cpython-sys.api]``: which rules a crate is held to."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from ...late import dataclass, regex
from ..metadata import TABLE, no_string, opened, shown

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from ..metadata import Reader

__all__ = ["API", "RULES", "ApiTable", "read_api"]

API: Final = f"{TABLE}.api"
RULES: Final = (
    *("capability", "ffi-module", "catch-unwind", "no-mut-ref"),
    *("not-send", "send", "not-sync", "sync", "must-use"),
)
"""In the order in which their items stand; each is a key of the table."""
_KEYS: Final = frozenset({*RULES, "allow", "sys"})
_PATH: Final = regex(r"(?:::)?[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*")
_METHOD: Final = regex(r"(?:<.+>|(?:::)?[A-Za-z_][\w:]*<.+>|)::[A-Za-z_]\w*")
_CRATE: Final = regex(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True)
class ApiTable:
    """The rules of a crate."""

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the name of a rule: the paths, or ends of paths, that it is about; see `names`."""
    allow: Mapping[str, str] = field(default_factory=dict)
    """Why a function is exempt, by its path or the end of it."""
    systems: tuple[str, ...] = ()
    """The packages that declare C; those whose names say so if there are none."""

    @property
    def rules(self) -> list[str]:
        """The rules that are asked for."""
        return [rule for rule in RULES if rule in self.names]


def read_api(metadata: Mapping[str, Any]) -> ApiTable | None:
    """Return the rules of a package; None if it asks for none. Raises MetadataError."""
    table = opened(metadata)
    if "api" not in table.raw:
        return None
    if not isinstance(table.raw["api"], dict):
        said = shown(table.raw["api"])
        table.refuse(f"`api` must be a table, not {said}: write [{API}]", "api")
        table.check()
    api = table.inside("api", _KEYS)
    if api.raw.keys() <= {"allow", "sys"}:
        table.refuse(f"`api` has no rule: add at least one of {', '.join(RULES)}", "api")
    names = {rule: _names(api, rule) for rule in RULES if rule in api.raw}
    allow = _allow(api)
    systems = _strings(api, "sys", _CRATE, "the name of a package") if "sys" in api.raw else ()
    table.check()
    return ApiTable(names, allow, systems)


def _allow(api: Reader) -> dict[str, str]:
    """Return the reasons by the functions that they are for."""
    allow = api.table("allow", '{ "Type::function" = "reason" }')
    for name, reason in allow.items():
        if not _PATH.fullmatch(name) and not _METHOD.fullmatch(name):
            text = f'{shown(name)} is not a path: write "Type::function"'
        elif not isinstance(reason, str):
            text = f"the reason of {shown(name)} {no_string(name, reason, 'why it is sound')}"
        elif not reason.strip():
            text = f"{shown(name)} has no reason: write why it is sound"
        else:
            continue
        api.refuse(f"`{api.name('allow')}`: {text}", "allow", name)
    return dict(allow)


def _names(api: Reader, rule: str) -> tuple[str, ...]:
    if rule != "ffi-module":
        return _strings(api, rule, _PATH, "the name of a type or a function, or its path")
    value = api.string(rule, _PATH, "the path of a module", "ffi")
    return () if value is None else (value,)


def _strings(api: Reader, key: str, good: re.Pattern[str], wanted: str) -> tuple[str, ...]:
    if api.raw[key] == []:
        api.refuse(f"`{api.name(key)}` is empty: add a name, or remove the key", key)
    return tuple(dict.fromkeys(api.strings(key, good, f"write {wanted}", "NAME")))
