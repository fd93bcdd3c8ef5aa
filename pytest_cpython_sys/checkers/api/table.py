"""The table ``[package.metadata.cpython-sys.api]``: which rules a crate is held to."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from ...late import dataclass, regex
from ...rust.metadata import TABLE, MetadataError, check_keys, raw_table

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

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
    raw = raw_table(metadata).get("api")
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise MetadataError(f"[{API}] must be a table: write its keys below a line [{API}]")
    check_keys(raw, API, _KEYS)
    names = {rule: _names(raw, rule) for rule in RULES if rule in raw}
    allow = raw.get("allow", {})
    if not isinstance(allow, dict):
        raise MetadataError(f'{API}.allow must be a table: write {{ "Type::function" = "reason" }}')
    for name, reason in allow.items():
        if not _PATH.fullmatch(name) and not _METHOD.fullmatch(name):
            raise MetadataError(f'{API}.allow: {name!r} is not a path: write "Type::function"')
        if not isinstance(reason, str) or not reason.strip():
            raise MetadataError(f"{API}.allow: {name!r} has no reason: write why it is sound")
    if not names:
        raise MetadataError(f"[{API}] has no rule: add at least one of {', '.join(RULES)}")
    systems = _texts(raw, "sys", _CRATE, "the name of a package") if "sys" in raw else ()
    return ApiTable(names, dict(allow), systems)


def _names(raw: Mapping[str, Any], rule: str) -> tuple[str, ...]:
    if rule != "ffi-module":
        return _texts(raw, rule, _PATH, "the name of a type or a function, or its path")
    value = raw[rule]
    if not isinstance(value, str) or not _PATH.fullmatch(value):
        raise MetadataError(f"{API}.{rule}: {value!r} is not a module: write its path in quotes")
    return (value,)


def _texts(
    raw: Mapping[str, Any], key: str, pattern: re.Pattern[str], wanted: str
) -> tuple[str, ...]:
    values = raw[key]
    if not isinstance(values, list):
        raise MetadataError(f"{API}.{key}: {values!r} is not an array of strings")
    if not values:
        raise MetadataError(f"{API}.{key} is empty: add a name, or remove the key")
    for value in values:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise MetadataError(f"{API}.{key}: {value!r} is not {wanted}")
    return tuple(dict.fromkeys(values))
