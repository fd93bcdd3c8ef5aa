"""Items ``@fmt`` and ``@clippy``, one a package that asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...cargo import CargoError
from ...case import Case, Checker, Verdict, grouped
from ...rust.libraries import Libraries
from ...rust.policies import wanted_packages
from ...rust.test_location import primary_target, target_case
from ...rust.tools.components import ComponentMissingError
from .clippy import Lints
from .formatting import Formatting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...cargo import Package
    from ...rust.context import BuildContext
    from ...rust.metadata import Policy

__all__ = ["LintChecker"]

_COMMANDS: Final[dict[Policy, str]] = {
    "fmt": "cargo fmt -p {0} --check",
    "clippy": "cargo clippy -p {0}{1} -- -D warnings",
}


class LintChecker(Checker):
    """Items ``@fmt`` and ``@clippy``."""

    name = "lint"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._lints: dict[str, Lints] = {}
        self._asked: dict[tuple[str, ...], tuple[BuildContext, Package, str]] = {}
        """By case: its package, and why the package's table cannot be used."""

    def discover(self) -> Iterable[Case]:
        """Return the cases of the packages that ask."""
        for context in self._contexts:
            for policy, command in _COMMANDS.items():
                for package, _, problem, _ in wanted_packages(context, policy):
                    target = primary_target(package) or next(iter(package.targets), None)
                    if target is None:
                        continue
                    case = target_case(
                        package,
                        target,
                        f"@{policy}",
                        kind="policy",
                        checker=self.name,
                        command=""
                        if problem
                        else command.format(package.name, context.options.shown()),
                        group=_group(context, policy),
                    )
                    self._asked[_key(case)] = context, package, problem
                    yield case

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield what is said of each package; clippy is started once a workspace."""
        for group, members in grouped(cases, lambda case: case.group).items():
            for case in members:
                context, package, problem = self._asked[_key(case)]
                try:
                    if problem:
                        verdict = Verdict("error", message=problem)
                    elif case.own_level == "@fmt":
                        verdict = Formatting(context, package).verdict()
                    else:
                        if group not in self._lints:
                            self._lints[group] = Lints(context, Libraries(context))
                        verdict = self._lints[group].verdict(package)
                except (ComponentMissingError, CargoError, OSError) as error:
                    verdict = Verdict("error", message=f"not evaluated: {error}")
                yield case, verdict


def _key(case: Case) -> tuple[str, ...]:
    """Return what tells a case from others: two packages may have one root file."""
    return case.group, case.package, case.own_level


def _group(context: BuildContext, policy: str) -> str:
    target = context.options.target_dir or ""
    return f"@{policy} {context.build.workspace.root} {target}"
