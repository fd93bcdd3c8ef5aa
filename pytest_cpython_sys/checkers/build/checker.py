"""Every target that a manifest promises has tests, or an item that says why not."""

from __future__ import annotations

import os.path
from dataclasses import replace
from typing import TYPE_CHECKING

from ...case import Checker, Verdict
from ...plan import manifest_case
from ...rust.foreign_target import unlinked
from ...rust.test_location import build_case, is_inside

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from ...cargo import Workspace
    from ...case import Case, Key, Location
    from ...rust.context import BuildContext
    from .causes import Cause

__all__ = ["TargetChecker"]


class TargetChecker(Checker):
    """Targets that were not built: ``@build``."""

    name = "target"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._causes: dict[Key, tuple[Workspace, tuple[Cause, ...]]] = {}
        self._tellers: dict[Hashable, Key] = {}
        """Which case shows all of a cause; others that it blocks show its first error."""
        self._replaced: list[Case] = []
        """What cargo alone does not build: it was tested in a second build."""

    def discover(self) -> Iterable[Case]:
        """Return an ``@build`` case for each target that is missing from its build."""
        for context in self._contexts:
            if not context.builds[0].success:
                yield from self._missing(context)

    def _missing(self, context: BuildContext) -> Iterator[Case]:
        explained = False
        first = context.builds[0]
        from .causes import find_causes

        for package in context.build.workspace.packages:
            for target in package.targets:
                if not first.plans(package, target):
                    continue
                missing = context.lacks(package, target)
                # A library may be built as a test, and not as what other crates link to.
                failed = not first.is_built(package, target) or first.failed(package, target)
                replaced = not missing and failed
                explained = explained or missing or replaced
                if unlinked(context, package, target):
                    continue  # each of its tests says so
                if context.selects(package.name) and (missing or replaced):
                    case = build_case(package, target, context.options, self.name)
                    if missing:
                        causes = find_causes(context, package, target)
                        self._causes[case.key] = context.build.workspace, causes
                        yield case
                    else:
                        self._replaced.append(case)
        if not explained:
            yield self._unexplained(context)

    def _unexplained(self, context: BuildContext) -> Case:
        """Return a case for a build that failed though each target was built."""
        workspace = context.build.workspace
        case = manifest_case(os.path.join(workspace.root, "Cargo.toml"))
        package = context.packages[0]
        case = replace(case, checker=self.name, package=package.name, command="")
        from .causes import of_cargo

        self._causes[case.key] = workspace, (of_cargo(context, context.builds[0], package),)
        return case

    def replaced(self) -> Sequence[Case]:
        """Return targets that could be built only without the layouts that differ."""
        return self._replaced

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield what kept each target from being built, all of a cause once.

        What others know of a target is in its case.
        """
        known = [case for case in cases if case.key in self._causes]
        for own in (True, False):
            for case in known:
                workspace, causes = self._causes[case.key]
                for cause in causes:
                    if cause.own is own:
                        self._tellers.setdefault((workspace.root, cause.key), case.key)
        for case in cases:
            if case not in known:
                yield case, Verdict("error", message=case.group)
                continue
            workspace, causes = self._causes[case.key]
            told = [
                cause for cause in causes if self._tellers[workspace.root, cause.key] == case.key
            ]
            yield case, _verdict(workspace, causes, told)


def _verdict(workspace: Workspace, causes: Sequence[Cause], told: Sequence[Cause]) -> Verdict:
    """Return why a target was not built, with all that is known of the causes to be ``told``."""
    first = causes[0]
    if first.own:
        message = f"{first.heading}\n{first.words}"
        return Verdict("failed", message=message, location=first.location, summary=first.summary)
    names = ", ".join(dict.fromkeys(cause.name for cause in causes))
    how = first.how if len(causes) == 1 else ""  # of several, each has its own
    parts = [f"not built: {names} failed{how}{first.said}"]
    for cause in causes:
        if cause in told:
            lines = (cause.remedy, "", cause.words) if cause.words else (cause.remedy,)
            parts += lines if cause.remedy else (cause.words,)
        elif not cause.said:
            parts.append(f"{cause.summary}{_place(workspace, cause.location)}")
    return Verdict(
        "failed",
        message="\n".join(parts),
        location=first.location,
        # A place says whose error it is, and cargo's own needs no name.
        summary=first.summary
        if first.location or first.name == "cargo"
        else f"{first.name} failed: {first.summary}",
    )


def _place(workspace: Workspace, location: Location | None) -> str:
    """Return a place as cargo shows it: from the workspace's root."""
    if location is None:
        return ""
    inside = is_inside(location.file, workspace.root)
    file = os.path.relpath(location.file, workspace.root) if inside else location.file
    return f" ({file}:{location.line})"
