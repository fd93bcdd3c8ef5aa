"""What `cargo fmt --check` says of a package, kept until a file that rustfmt read is another.

Which files these are, rustfmt says (``-v``): those that ``mod`` leads to from the targets' roots,
whatever their ``cfg``, and the configuration of each. Generated files are not among them.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ...cargo import cache_path, keep_json, locked, read_json, stamp, upwards
from ...cargo.failures import how_cargo_ended
from ...cargo.run_program import run_to_end
from ...case import Location, Verdict, counted
from ...late import regex
from ...rust.leftovers import BUILDS
from ...rust.tools.components import look_for_component

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...cargo import Package
    from ...rust.context import BuildContext

__all__ = ["Formatting"]

_FORMAT: Final = 2
_FILE: Final = regex(r"^Formatting (.+)$", re.MULTILINE)
_DIFFERENCE: Final = regex(
    r"^Diff in (?P<file>.+?)(?::(?P<line>\d+):| at line (?P<old>\d+):)$", re.MULTILINE
)
# Beside the files, `-v` adds a mark to the end of each line of source, and the time.
_MARK: Final = regex("\u23ce$", re.MULTILINE)
_NOISE: Final = regex(r"^(?:Formatting |Using rustfmt config |Spent )[^\n]*\n?", re.MULTILINE)
_ERROR: Final = regex(r"^[Ee]rror\b", re.MULTILINE)
_CONFIGURATIONS: Final = ("rustfmt.toml", ".rustfmt.toml")
_SHOWN_LINES: Final = 400


class Formatting:
    """How the sources of a package are formatted: the same for each Python and each profile."""

    def __init__(self, context: BuildContext, package: Package) -> None:
        self._context = context
        self._build = context.builds[0]  # that of the user's own sources
        self._package = package

    def verdict(self) -> Verdict:
        """Return what rustfmt says, now or earlier.

        Raises ComponentMissingError, and CargoError or OSError where cargo cannot be started.
        """
        known = self._kept()
        if known is None:
            with locked(os.path.dirname(self._path)):  # of several Pythons, or workers, one asks
                known = self._kept() or self._ask()
        return self._told(*known)

    @property
    def _path(self) -> str:
        """Return where an answer is kept: the builds for all Pythons lie below one directory."""
        environment, package = self._build.environment, self._package
        causes = [
            _FORMAT,
            self._context.cargo.toolchain,
            *map(environment.get, ("RUSTFMT", "HOME", "XDG_CONFIG_HOME")),
            package.manifest_path,
            sorted((target.src_path, target.edition) for target in package.targets),
        ]
        second = self._context.second
        options = second.originally if second is not None else self._context.options
        above = os.path.dirname(options.directory(self._build.workspace))
        if os.path.basename(above) == BUILDS:
            options = replace(options, target_dir=os.path.dirname(above))
        return cache_path(self._build, options, "fmt", causes)

    def _kept(self) -> tuple[int, str, str] | None:
        raw: Any = read_json(self._path)
        try:
            paths = [path for path, *_ in raw["stamps"]]
            if [list(stamp(path)) for path in paths] == raw["stamps"]:
                return raw["code"], raw["text"], raw["words"]
        except (TypeError, KeyError, ValueError):
            pass
        return None

    def _ask(self) -> tuple[int, str, str]:
        cargo, build = self._context.cargo, self._build
        look_for_component(cargo, build, "fmt", "rustfmt", "formats source files")
        manifest = f"--manifest-path={self._package.manifest_path}"
        argv = [cargo.program_path, "fmt", "--check", manifest, "--", "-v", "--color=never"]
        done = run_to_end(argv, cwd=build.workspace.root, env=build.environment, limit=None)
        text = done.raw.decode("utf-8", "replace")
        known = done.exit_code, text, done.stderr
        files = _FILE.findall(text)
        complete = done.exit_code == 0 or _DIFFERENCE.search(text)
        # What rustfmt could not read is in no list of files. Warnings about options are no matter.
        if files and complete and not _ERROR.search(done.stderr):
            causes = {*files, *self._sources(), *self._configurations(files)}
            stamps = [stamp(path) for path in sorted(causes)]
            code, text, words = known
            keep_json(self._path, {"stamps": stamps, "code": code, "text": text, "words": words})
        return known

    def _sources(self) -> Iterator[str]:
        """Yield the sources that rustc has read: rustfmt names none that says to skip it."""
        inside = self._package.root + os.sep
        for target in self._package.targets:
            for test in (False, True):
                unit = self._build.unit(self._package, target, test=test)
                for path in self._build.sources(unit) or ():
                    if path.startswith(inside):
                        yield path

    def _configurations(self, files: list[str]) -> Iterator[str]:
        """Yield where a configuration may be, or come to be: where rustfmt looks.

        Above each file, else in the user's own directories: see
        https://github.com/rust-lang/rustfmt#configuring-rustfmt
        """
        yield self._package.manifest_path
        environment = self._build.environment
        home = environment.get("HOME") or os.path.expanduser("~")
        own = environment.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
        if sys.platform == "darwin":
            own = os.path.join(home, "Library", "Application Support")
        for place in (home, os.path.join(own, "rustfmt")):
            yield from (os.path.join(place, name) for name in _CONFIGURATIONS)
        for directory in {os.path.dirname(file) for file in files}:
            for place in upwards(directory):
                yield from (os.path.join(place, name) for name in _CONFIGURATIONS)

    def _told(self, code: int, text: str, words: str) -> Verdict:
        """Return the verdict on what rustfmt printed."""
        found = list(_DIFFERENCE.finditer(text))
        words = words.strip()
        if not found:
            if code == 0:
                return Verdict("passed")
            ended = how_cargo_ended(code, "cargo fmt")
            return Verdict("error", message=f"not evaluated: {ended}\n{words}")
        files = counted(len({one["file"] for one in found}), "file")
        root = self._build.workspace.root
        shown = _MARK.sub("", _NOISE.sub("", text)).replace(f"Diff in {root}{os.sep}", "Diff in ")
        lines = shown.rstrip().splitlines()
        more = len(lines) - _SHOWN_LINES
        if more > 0:
            lines = [*lines[:_SHOWN_LINES], f"and {more} more lines"]
        message = [f"rustfmt would change {files}: run `cargo fmt`", *lines]
        line = int(found[0]["line"] or found[0]["old"])
        place = Location(found[0]["file"], line)
        return Verdict(
            "failed", message="\n".join([*message, *filter(None, [words])]), location=place
        )
