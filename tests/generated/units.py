"""rustc's calls of a build, and what rustc says when they are repeated with other numbers.

cargo calls a wrapper in place of rustc, which notes the call. A call that is repeated compiles
the very unit that cargo compiles, after its dependencies have been built; so no unit's error
keeps another from being judged.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "Unit",
    "mutated",
    "noted_units",
    "sizes_in_error",
    "types_in_error",
    "write_wrapper",
]

_WRAPPER: Final = """\
#!/bin/sh
case "$*" in
*--crate-name*) ;;
*) exec "$@" ;;
esac
note=$(mktemp "@CALLS@/XXXXXXXX")
{ env -0; printf '\\0'; printf '%s\\0' "$PWD" "$@"; } > "$note"
exec "$@"
"""
_NUMBER = re.compile(rb"\b[0-9]([0-9]{3})usize")
_OVERFLOW = re.compile(r"attempt to compute `(\d+)_usize - (\d+)_usize`")
_TYPE = re.compile(r"(?:_of::<|offset_of!\()\s*(\w+)")
_OUTPUTS: Final = ("target", "intermediate", "out")
_CONSTANT_ERROR: Final = "E0080"


@dataclass(frozen=True)
class Unit:
    """A call of rustc."""

    directory: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]

    @property
    def root(self) -> str:
        """Return the root file, absolute."""
        name = next(word for word in self.argv[1:] if word.endswith(".rs") and word[0] != "-")
        return os.path.normpath(os.path.join(self.directory, name))

    @property
    def stem(self) -> str:
        """Return what the names of its outputs have in common."""
        extra = next(
            (word for word in self.argv if word.startswith("extra-filename=")), "extra-filename="
        )
        return self._after("--crate-name") + extra.partition("=")[2]

    @property
    def test(self) -> bool:
        """Tell whether it is compiled as a test."""
        return "--test" in self.argv

    @property
    def externs(self) -> tuple[str, ...]:
        """Return the stems of the libraries that it uses."""
        found = []
        for name, value in zip(self.argv, self.argv[1:], strict=False):
            if name == "--extern" and "=" in value:
                base = os.path.basename(value.partition("=")[2])
                found.append(os.path.splitext(base)[0].removeprefix("lib"))
        return tuple(found)

    def _after(self, name: str) -> str:
        return self.argv[self.argv.index(name) + 1]

    def output_directory(self) -> str | None:
        """Return its OUT_DIR."""
        return dict(self.env).get("OUT_DIR")

    def errors(self, scratch: Path) -> list[dict[str, Any]]:
        """Compile it once more, without code; return rustc's errors."""
        argv, skip = [], False
        for word in self.argv:
            if skip:
                skip = False
            elif word in ("--out-dir", "--diagnostic-width"):
                skip = True
            elif not word.startswith(("--emit", "--error-format", "--json", "--diagnostic-width")):
                argv.append(word)
        argv += ["--emit=metadata", f"--out-dir={scratch}", "--error-format=json"]
        done = subprocess.run(
            argv, cwd=self.directory, env=dict(self.env), capture_output=True, check=False
        )
        messages = [json.loads(line) for line in done.stderr.splitlines() if line[:1] == b"{"]
        found = [message for message in messages if message.get("level") == "error"]
        if done.returncode and not found:
            raise RuntimeError(f"rustc said nothing: {done.stderr.decode()}")
        return found


def write_wrapper(directory: Path) -> tuple[Path, Path]:
    """Write the wrapper; return it, and where it notes the calls."""
    calls, wrapper = directory / "calls", directory / "rustc-wrapper"
    calls.mkdir(parents=True, exist_ok=True)
    wrapper.write_text(_WRAPPER.replace("@CALLS@", str(calls)), encoding="utf-8")
    wrapper.chmod(0o755)
    return wrapper, calls


def noted_units(calls: Path) -> list[Unit]:
    """Return the calls that were noted, without those for build scripts."""
    found = {}
    for path in sorted(calls.iterdir()):
        before, _, after = path.read_bytes().partition(b"\0\0")
        env = dict(entry.decode().partition("=")[::2] for entry in before.split(b"\0"))
        directory, *argv = (word.decode() for word in after.split(b"\0")[:-1])
        if "build_script_build" not in argv and "___" not in argv:
            unit = Unit(directory, tuple(argv), tuple(env.items()))
            found[unit.argv] = unit  # the names of some libraries are the same in two calls
    return list(found.values())


class mutated:  # noqa: N801 - a context manager, as in contextlib
    """Make the number of every layout block wrong, in all files below some directories."""

    def __init__(self, *directories: str) -> None:
        self._directories = directories
        self._before: dict[str, bytes] = {}

    def __enter__(self) -> None:
        for directory in self._directories:
            for parent, names, files in os.walk(directory):
                names[:] = [name for name in names if name not in _OUTPUTS]
                for file in files:
                    self._mutate(os.path.join(parent, file))

    def _mutate(self, path: str) -> None:
        with open(path, "rb") as file:
            data = file.read()
        changed = _NUMBER.sub(rb"9\1usize", data)
        if changed != data:
            self._before[path] = data
            self._put(path, changed)

    @staticmethod
    def _put(path: str, data: bytes) -> None:
        status = os.stat(path)
        with open(path, "wb") as file:
            file.write(data)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def __exit__(self, *_: object) -> None:
        for path, data in self._before.items():
            self._put(path, data)


def _constant_errors(errors: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the words of each E0080, and the text that it is about."""
    for error in errors:
        if (error.get("code") or {}).get("code") == _CONSTANT_ERROR:
            texts = [line["text"] for span in error["spans"] for line in span["text"]]
            yield error["message"] + error["rendered"], "\n".join(texts)


def sizes_in_error(errors: list[dict[str, Any]]) -> set[int]:
    """Return the sizes of types that rustc names in E0080s: every number is too large."""
    found = [_OVERFLOW.search(words) for words, _ in _constant_errors(errors)]
    return {int(match[1]) for match in found if match}


def types_in_error(errors: list[dict[str, Any]]) -> set[str]:
    """Return the types that E0080s are about."""
    return {name for _, text in _constant_errors(errors) for name in _TYPE.findall(text)}
