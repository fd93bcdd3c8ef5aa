"""A Python of another platform: its headers, unpacked in a directory, and nothing that runs.

That is a sysroot (``usr/include/python3.13``, as ``dpkg-deb -x`` lays out ``libpython3.13-dev``), a
prefix (``include/python3.13``), or a directory of headers itself. Debian's ``pyconfig.h`` is one
for each architecture, chosen by macros of the compiler:
https://wiki.debian.org/Python/MultiArch
"""

from __future__ import annotations

import os.path
from glob import escape, glob
from typing import TYPE_CHECKING, Final

from ..late import dataclass
from .introspect import InterpreterError
from .makefile import header_version, parse_config, parse_makefile

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Unpacked", "find_unpacked"]

_BASES: Final = ("", "usr", "usr/local")


@dataclass(frozen=True)
class Unpacked:
    """What there is of it."""

    include: str
    """The directory of ``Python.h``."""
    config: str
    """The directory of ``pyconfig.h``."""
    version: str
    prefix: str
    """The directory around ``include``."""
    after: tuple[str, ...]
    """Directories in which headers name others, behind all of the compiler's own."""
    variables: dict[str, str]
    """Of its Makefile and its ``pyconfig.h``."""
    libraries: tuple[str, ...]
    """Directories in which its libpython may lie."""


def find_unpacked(path: str) -> Unpacked | None:
    """Return the Python whose headers lie below a directory; None if none do.

    Raises InterpreterError where there are several, or they are not whole.
    """
    found = list(dict.fromkeys(map(os.path.realpath, _includes(path))))
    if not found:
        return None
    if len(found) > 1:
        raise InterpreterError(
            f"{path} holds the headers of several Pythons: name one of {', '.join(sorted(found))} "
            "with --cpython-sys-python"
        )
    include = found[0]
    version = header_version(include)
    if version is None:
        raise InterpreterError(
            f"no patchlevel.h in {include}, where Python.h is: unpack all headers of that Python "
            "there, or name another one with --cpython-sys-python"
        )
    name, around = os.path.basename(include), os.path.dirname(include)
    own = os.path.basename(around) == "include"
    configs = [include]
    if own:
        configs = sorted(map(os.path.dirname, glob(f"{escape(around)}/*/{name}/pyconfig.h")))
        configs = configs or [include]
    if not os.path.isfile(os.path.join(configs[0], "pyconfig.h")):
        raise InterpreterError(
            f"no pyconfig.h in {include}, where Python.h is: unpack that platform's own package "
            f"(Debian's is libpython{version.rpartition('.')[0]}-dev) there, too"
        )
    base = os.path.dirname(around) if own else around
    makefile = next(iter(sorted(glob(f"{escape(base)}/lib*/{name}/config-*/Makefile"))), None)
    variables = parse_makefile(_read(makefile)) if makefile is not None else {}
    variables |= parse_config(_read(os.path.join(configs[0], "pyconfig.h")))
    multiarch = [os.path.dirname(one) for one in configs if one != include]
    libraries = [os.path.join(base, "lib", os.path.basename(one)) for one in multiarch]
    libraries += [os.path.join(base, one) for one in ("lib", "lib64", "libs")]
    if makefile is not None:
        libraries.append(os.path.dirname(makefile))
    return Unpacked(
        include=include,
        # Of several architectures, the file that chooses among them.
        config=configs[0] if len(configs) == 1 else include,
        version=version,
        prefix=base,
        after=(around, *multiarch) if own else (),
        variables=variables,
        libraries=tuple(libraries),
    )


def _includes(path: str) -> Iterator[str]:
    """Yield the directories with a ``Python.h``."""
    if os.path.isfile(os.path.join(path, "Python.h")):
        yield path
    for base in _BASES:
        include = os.path.join(path, base, "include")
        for place in (include, *glob(f"{escape(include)}/python3.*")):
            if os.path.isfile(os.path.join(place, "Python.h")):
                yield place


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError as error:
        raise InterpreterError(f"{path} cannot be read ({error.strerror})") from None
