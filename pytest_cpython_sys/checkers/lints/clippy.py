"""What `cargo clippy -- -D warnings` refuses in a workspace, asked once and kept.

Clippy runs as people type it, without words of its own: then it looks at libraries and programs,
and its answers are those that cargo keeps for `cargo clippy`. What is a warning there is refused,
and nothing that a package needs is kept from being checked, as ``-D warnings`` would.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ...cargo import cache_path, keep_json, locked, read_json, write_json
from ...case import Location, Verdict, counted
from ...rust.made_units import chosen_packages
from ...rust.tools.clippy_causes import clippy_causes, clippy_configurations
from ...rust.tools.components import look_for_component

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...cargo import Build, Diagnostic, Package
    from ...rust.context import BuildContext
    from ...rust.libraries import Libraries

__all__ = ["Lints"]

_FORMAT: Final = 2
_SHOWN: Final = 50
_OTHER_WORDS: Final = ("--cap-lints=allow",)
_Found = list[Any]
"""A file, a line in it (counted from 1), a column, rustc's rendered words, and the level: a lint
is a warning or an error."""


class Lints:
    """Clippy on a workspace that has been built, with the build's own options."""

    def __init__(self, context: BuildContext, libraries: Libraries) -> None:
        self._context = context
        self._libraries = libraries
        self._build = context.build
        self._answer: dict[str, Any] = {}

    def verdict(self, package: Package) -> Verdict:
        """Return what clippy says of a package, now or earlier.

        Raises ComponentMissingError, and CargoError or OSError where cargo cannot be started.
        """
        if not self._answer:
            self._answer = self._kept() or self._asked()
        found: list[_Found] = self._answer["found"].get(package.name, [])
        broken: str = self._answer["broken"].get(package.name, "")
        if broken and not found:
            words = f"not evaluated: the package does not compile under clippy\n{broken}"
            return Verdict("error", message=words)
        if not found:
            return Verdict("passed")
        levels = Counter(level for *_, level in found)
        numbers = [counted(levels[level], level) for level in sorted(levels)]
        turned = "; this policy accepts none" if levels["warning"] else ""
        message = [f"clippy reports {' and '.join(numbers)}{turned}"]
        message += [words for *_, words, _ in found[:_SHOWN]]
        if len(found) > _SHOWN:
            message.append(f"and {len(found) - _SHOWN} more")
        if broken:
            message.append(f"a part of the package was not checked:\n{broken}")
        file, line, *_ = found[0]
        place = Location(file, line) if file else None
        return Verdict("failed", message="\n\n".join(message), location=place)

    def _kept(self) -> dict[str, Any] | None:
        raw = read_json(self._path) if self._path else None
        return raw if isinstance(raw, dict) and raw.keys() == {"found", "broken"} else None

    def _asked(self) -> dict[str, Any]:
        with locked(self._directory):  # workers of pytest-xdist ask at the same time
            return self._kept() or self._ask()

    def _ask(self) -> dict[str, Any]:
        context, build = self._context, self._build
        look_for_component(context.cargo, build, "clippy", "clippy", "reports likely mistakes")
        self._notice_configurations()
        done = context.cargo.lint(build, context.options, chosen_packages(build), ())
        found: dict[str, list[_Found]] = {}
        seen: set[object] = set()
        for diagnostic in done.diagnostics:
            package = build.workspace.package(diagnostic.package_id)
            if package is None or not _is_refused(diagnostic) or diagnostic.identity in seen:
                continue
            seen.add(diagnostic.identity)
            found.setdefault(package.name, []).append(self._place(diagnostic))
        for one in found.values():
            one.sort()
        broken = dict(self._broken(done))
        answer = {"found": found, "broken": broken}
        if self._path and not broken:
            keep_json(self._path, answer)
        return answer

    def _notice_configurations(self) -> None:
        """Let clippy look at everything again where a configuration file is new.

        Cargo knows only those that were there when clippy last ran, and would repeat its words.
        """
        build = self._build
        path = os.path.join(self._directory, "configurations.json")
        found = sorted(filter(None, clippy_configurations(self._context)))
        if not {*found} <= {*(read_json(path) or ())}:
            names = chosen_packages(build)
            self._context.cargo.lint(build, self._context.options, names, _OTHER_WORDS)
        write_json(path, found)

    def _place(self, diagnostic: Diagnostic) -> _Found:
        words = diagnostic.rendered.rstrip("\n")
        level = "error" if diagnostic.is_error else "warning"
        span = next((one for one in diagnostic.raw["spans"] if one["is_primary"]), None)
        if span is None:
            return ["", 0, 0, words, level]
        file = os.path.normpath(os.path.join(self._build.workspace.root, span["file_name"]))
        return [file, span["line_start"], span["column_start"], words, level]

    def _broken(self, done: Build) -> Iterator[tuple[str, str]]:
        """Yield each package of which clippy has not seen all, and why."""
        if done.success:
            return
        checked = {(one.package_id, one.target.kind, one.target.name) for one in done.artifacts}
        chosen = chosen_packages(self._build)
        for package, target in done.workspace.targets():
            if (
                target.kind not in ("lib", "bin")
                or (package.id, target.kind, target.name) in checked
                or (chosen and package.name not in chosen)
            ):
                continue
            errors = done.errors(package.id, target)
            own = [one for one in errors if not _is_refused(one)]
            culprits = ", ".join(other.name for other in done.blocking(package, target))
            if own:
                yield package.name, "\n\n".join(one.rendered.rstrip("\n") for one in own[:5])
            elif culprits:
                yield package.name, f"{culprits} failed"
            elif not errors and not target.required_features:  # else cargo left it out
                yield package.name, done.words

    @property
    def _directory(self) -> str:
        target = self._context.options.directory(self._build.workspace)
        return os.path.join(target, "cpython-sys-cache", "clippy")

    @cached_property
    def _path(self) -> str:
        """Return where an answer is kept that follows from all this; empty if nobody knows."""
        causes = clippy_causes(self._context, self._libraries)
        if causes is None:
            return ""
        return cache_path(self._build, self._context.options, "lints", [_FORMAT, *causes])


def _is_refused(diagnostic: Diagnostic) -> bool:
    """Tell whether it is a lint that warns, or one that is an error already.

    Errors of the language have codes of their own (E0308), or none, as have warnings of no lint.
    """
    code = diagnostic.code
    known = bool(code) and not (code[:1] == "E" and code[1:].isdigit())  # type: ignore[index]
    return known and (diagnostic.is_error or diagnostic.level == "warning")
