"""rustdoc's JSON: read whatever its format is called, and made of a call of rustc.

Format: https://doc.rust-lang.org/nightly/nightly-rustc/rustdoc_json_types/
"""

from __future__ import annotations

import contextlib
import gc
import json
import shlex
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["NEWEST_FORMAT", "RUSTDOC_JSON", "FormatError", "describing_program", "read_document"]

# What is read here has had one form since rustc 1.74, but for names and for attributes.
_OLDEST_FORMAT: Final = 27
NEWEST_FORMAT: Final = 57
_LAST_WITH_OLD_NAMES: Final = 33
_OLD_NAMES: Final = {
    "c_variadic": "is_c_variadic",
    "decl": "sig",
    "glob": "is_glob",
    "import": "use",
    "mutable": "is_mutable",
}
RUSTDOC_JSON: Final = (
    "-Zunstable-options",
    "--output-format=json",
    "--document-private-items",
    "--document-hidden-items",
)
"""The flags that make rustdoc write JSON of all items. They are unstable: RUSTC_BOOTSTRAP."""
_OF_OUTPUT: Final = ("--out-dir", "--crate-type", "--emit", "--error-format", "--json", "-o")
"""What a call of rustc says of the file that it makes, and of its words."""
_DESCRIBING: Final = """#!/bin/sh
directory=$1
shift 2
skip=
for word do
    shift
    if [ "$skip" ]; then skip=; continue; fi
    case $word in
        {separate}) skip=yes ;;
        {joined}|-Zunpretty=*|-Zmir-*|-Ztrim-*) ;;
        *) set -- "$@" "$word" ;;
    esac
done
RUSTC_BOOTSTRAP=1
export RUSTC_BOOTSTRAP
exec {rustdoc} "$@" --crate-type=lib --cap-lints=allow {flags} -o "$directory" 2>"$directory/words"
"""


class FormatError(Exception):
    """The file is not what this rustdoc was expected to write."""


@contextlib.contextmanager
def read_document(path: str) -> Iterator[Mapping[str, Any]]:
    """Give what a file of rustdoc holds, with the newest names, to whoever reads it in a block.

    Raises FormatError, also for what the block does not find in it.
    """
    version: Any = "without a number"
    enabled = gc.isenabled()
    gc.disable()  # a hundred thousand objects that all stay: collecting doubles the time
    try:
        with open(path, "rb") as file:
            raw = json.load(file)
        version = raw["format_version"]
        if version <= _LAST_WITH_OLD_NAMES:
            with open(path, "rb") as file:
                raw = json.load(file, object_hook=_with_new_names)
        yield raw
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        remedy = (
            "Remove the file and run again; if that does not help, this is a bug in "
            "pytest-cpython-sys: please report it"
        )
        if version not in range(_OLDEST_FORMAT, NEWEST_FORMAT + 1):
            remedy = (
                f"Formats {_OLDEST_FORMAT} to {NEWEST_FORMAT} are supported: use another Rust, or "
                "a newer pytest-cpython-sys"
            )
        raise FormatError(
            f"rustdoc's JSON, format {version}, cannot be read ({error!r} in {path}). {remedy}"
        ) from error
    finally:
        if enabled:
            gc.enable()


def _with_new_names(raw: dict[str, Any]) -> dict[str, Any]:
    for old, new in _OLD_NAMES.items():
        if old in raw:
            raw[new] = raw.pop(old)
    if "abi" in raw:  # a function's header
        raw["is_const"] = raw.get("const")
    return raw


def describing_program(rustdoc: str) -> str:
    """Return a program that lets rustdoc read what a call of rustc compiles.

    Its arguments are a directory, in which it leaves ``CRATE.json`` and rustdoc's ``words``, and
    the call, from the compiler's path on.
    """
    return _DESCRIBING.format(
        separate="|".join(_OF_OUTPUT),
        joined="|".join(f"{name}=*" for name in _OF_OUTPUT),
        rustdoc=shlex.quote(rustdoc),
        flags=shlex.join(RUSTDOC_JSON),
    )
