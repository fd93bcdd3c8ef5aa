"""What takes time to make, a dataclass or a regular expression, is made when it is first used.

Most runs use a third of what the modules define; making all of it took more than importing them.
Classes of which there is one a test are dataclasses of the standard library: they take less room.
"""

from __future__ import annotations

import dataclasses
import re
import threading
from operator import attrgetter
from typing import TYPE_CHECKING, Any, AnyStr, cast

__all__ = ["dataclass", "regex"]

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass
else:

    def dataclass(cls=None, *, frozen=False, eq=True):
        """Make a dataclass as `dataclasses.dataclass` does; of its options there are these two.

        The methods are made together with the first instance, be it new, copied or unpickled. Who
        asks a class for its signature or its `dataclasses.fields` before that does not find them.
        """
        if cls is None:
            return lambda decorated: dataclass(decorated, frozen=frozen, eq=eq)

        def __new__(kind, /, *_arguments, **_keywords):  # noqa: N807 - becomes the class's own
            if cls in _UNMADE:
                _make(cls)
            return object.__new__(kind)

        _UNMADE[cls] = {"frozen": frozen, "eq": eq}
        cls.__new__ = __new__
        return cls


_UNMADE: dict[type, dict[str, Any]] = {}
_LOCK = threading.Lock()


def _make(cls: type) -> None:
    """Make the methods of a class, and before them those of its bases, whose fields it has."""
    with _LOCK:  # a second thread waits, and finds them made
        for one in reversed(cls.__mro__):
            if one in _UNMADE:
                _make_one(one, **_UNMADE[one])
                del _UNMADE[one]


def _make_one(cls: Any, *, frozen: bool = False, eq: bool = True) -> None:
    """Make the methods of a class; those that dataclasses would compile for each are shared."""
    dataclasses.dataclass(cls, frozen=frozen, eq=False, repr=False)
    fields = dataclasses.fields(cls)
    shown = [field.name for field in fields if field.repr]

    def __repr__(self: Any) -> str:  # noqa: N807 - becomes the class's own
        words = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({words})"

    _give(cls, __repr__)
    compared = [field.name for field in fields if field.compare]
    if not eq:
        return
    key: Callable[[Any], Any] = attrgetter(*compared) if compared else lambda _: ()

    def __eq__(self: Any, other: object) -> bool:  # noqa: N807
        return bool(key(self) == key(other)) if type(other) is type(self) else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(key(self))

    _give(cls, __eq__)
    if frozen:
        _give(cls, __hash__)
    else:
        cls.__hash__ = None


def _give(cls: type, method: Callable[..., Any]) -> None:
    """Add a method, unless the class has one of its own."""
    if method.__name__ not in cls.__dict__:
        setattr(cls, method.__name__, method)


class _LatePattern:
    """A regular expression that is compiled when something of it is asked for."""

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(*self._arguments), name)
        setattr(self, name, value)  # asked for once
        return value


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return a regular expression that is compiled when it is first used.

    A mistake in it raises re.error then. It has all that `re.Pattern` has, but is none of its
    instances, so functions of `re` do not take it.
    """
    return cast("re.Pattern[AnyStr]", _LatePattern(text, flags))
