"""Several Pythons in one run: each has builds of its own, and a first level in the ids.

The packages are found once. Then each Python is a project with its own surroundings, whose plan
knows nothing of the others: here plans become one, and cases are translated on their way to the
checkers and back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .case import Checker
from .plan import Plan
from .project import Project, united
from .python.build_environment import Surroundings
from .python.introspect import InterpreterError
from .rust.context import Announcer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .cargo import BuildListener, Cargo
    from .case import Case, Key, Program, Verdict
    from .python.selection import NamedPython
    from .rust.context import BuildContext, RunOptions, Settings

    _Limits = dict[Key, float]

__all__ = ["LabelledChecker", "Matrix", "labelled", "plain"]

_SET_ALREADY = (
    "{names} is set, in the environment or in cargo's configuration, so that {workspace} would be "
    "built for the same Python each time: unset it, or choose one Python"
)
_NOT_BUILT = (
    "{name} has no interpreter that starts, but pyo3 in {workspace} needs one: build it, or leave "
    "it out"
)


def _shows_its_id(case: Case) -> bool:
    """Tell whether a case's test has no name with cargo, and is called as its id is."""
    return case.kind in ("layout", "abi", "policy", "table") and case.rust_test == "::".join(
        case.levels
    )


def labelled(case: Case, label: str) -> Case:
    """Return a case of one Python's plan as all Pythons' plan has it."""
    levels = (f"@{label}", *case.levels)
    own = _shows_its_id(case) and case.checker != "libtest"
    return replace(
        case,
        levels=levels,
        checker=_checker_name(case.checker, label),
        rust_test="::".join(levels) if own else case.rust_test,
    )


def plain(case: Case) -> Case:
    """Return a labelled case as its own Python's plan has it."""
    levels = case.levels[1:]
    return replace(
        case,
        levels=levels,
        checker=case.checker.partition("/")[2],
        rust_test="::".join(levels) if _shows_its_id(case) else case.rust_test,
    )


def _checker_name(name: str, label: str) -> str:
    return f"{label}/{name}"


class LabelledChecker(Checker):
    """A checker of one of several Pythons. ``limits`` are everybody's, ``own_limits`` its own."""

    def __init__(self, checker: Checker, label: str, limits: _Limits, own_limits: _Limits) -> None:
        self.name = _checker_name(checker.name, label)
        self._checker = checker
        self.label = label
        self._limits = limits
        self._own_limits = own_limits

    def discover(self) -> Iterable[Case]:
        """Return the checker's cases, labelled."""
        return (labelled(case, self.label) for case in self._checker.discover())

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield the checker's verdicts for labelled cases."""
        asked: dict[Key, Case] = {}
        wanted = []
        for case in cases:
            own = plain(case)
            asked[own.key] = case
            wanted.append(own)
            if case.key in self._limits:
                self._own_limits[own.key] = self._limits[case.key]
        for own, verdict in self._checker.run(wanted):
            if own.key in asked:
                yield asked[own.key], verdict

    def replaced(self) -> Sequence[Case]:
        """Return targets that are tested though cargo alone does not build them."""
        return [labelled(case, self.label) for case in self._checker.replaced()]

    def untested(self) -> Sequence[Case]:
        """Return programs without a test."""
        return [labelled(case, self.label) for case in self._checker.untested()]

    def withheld(self) -> Iterable[tuple[str, Sequence[Case]]]:
        """Return what cannot be evaluated on this Python."""
        for need, cases in self._checker.withheld():
            yield need, [labelled(case, self.label) for case in cases]

    def under(self, case: Case, tool: Sequence[str]) -> Program | None:
        """Return how a labelled case runs under a tool."""
        return self._checker.under(plain(case), tool)

    def remarks(self) -> Iterable[tuple[str, Sequence[str]]]:
        """Return the checker's remarks; ``label`` is whom they are about."""
        return self._checker.remarks()

    def warnings(self, *, verbose: bool) -> Iterable[str]:
        """Return the checker's warnings; they name the Python."""
        return self._checker.warnings(verbose=verbose)


class _LabelledListener:
    """Tells of a build which Python it is for."""

    def __init__(self, listener: BuildListener, label: str) -> None:
        self._listener = listener
        self._label = label

    def progress(self, done: int, total: int, current: str) -> None:
        self._listener.progress(done, total, f"{current} ({self._label})")

    def blocked(self, reason: str) -> None:
        self._listener.blocked(reason)

    def ended(self) -> None:
        self._listener.ended()


class Matrix(Project):
    """The packages of a run, built against several Pythons one after the other."""

    def __init__(
        self,
        cargo: Cargo,
        places: Sequence[str],
        settings: Settings,
        pythons: Sequence[NamedPython],
        *,
        keeps_out: Callable[[str], bool] = lambda _: False,
        base: str | None = None,
    ) -> None:
        super().__init__(cargo, places, settings, keeps_out=keeps_out, base=base)
        self._pythons = pythons
        self._variants = {
            python.label: self.against(
                Surroundings(python.interpreter, named=True),
                _run_options(settings.run, python.label),
            )
            for python in pythons
        }
        self._plans: dict[str, Plan] = {}

    def load(self) -> None:
        """Find the packages. Raises CargoMissingError; InterpreterError if one is no choice."""
        super().load()
        surroundings = Surroundings()
        for workspace in self.workspaces:
            names = surroundings.chosen_already(workspace, self.cargo.environ)
            if names:
                raise InterpreterError(
                    _SET_ALREADY.format(names=" and ".join(names), workspace=workspace.root)
                )
            for python in self._pythons:
                if python.interpreter.executable is None and surroundings.asks_python(workspace):
                    raise InterpreterError(
                        _NOT_BUILT.format(name=python.names[0], workspace=workspace.root)
                    )

    def environments(self) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
        """Yield for which Python what is added, to cargo's environment and to that of tests."""
        for label, variant in self._variants.items():
            for _, to_cargo, to_tests in variant.environments():
                yield label, to_cargo, to_tests

    def c_compilers(self) -> list[str]:
        """Return in words which C compilers speak for the target, of any Python."""
        return united(variant.c_compilers() for variant in self._variants.values())

    def build(
        self,
        listener: BuildListener | None = None,
        more_checkers: Callable[[Sequence[BuildContext]], Iterable[Checker]] = lambda _: (),
    ) -> Plan:
        """Build every workspace once a Python, and find all cases. Raises CargoMissingError."""
        merged = Plan(
            labels=tuple(self._variants),
            outputs=self.target_directories,
            packages=[package.name for package in self.packages],
            limits=self._settings.run.limits,
        )
        for label, variant in self._variants.items():
            heard = None if listener is None else _LabelledListener(listener, label)
            plan = self._plans[label] = variant.build(heard, more_checkers)
            merged.builds.update(plan.builds)
            merged.later_builds += plan.later_builds
            for checker in plan.checkers.values():
                wrapper = LabelledChecker(checker, label, merged.limits, plan.limits)
                merged.checkers[wrapper.name] = wrapper
            for file, cases in plan.cases.items():
                merged.cases.setdefault(file, []).extend(labelled(case, label) for case in cases)
        self._add_refused(merged)
        return merged

    def add_typed(self, plan: Plan, file: str, levels: tuple[str, ...]) -> Case | None:
        """Make sure that what was typed has an item for each Python that did not build it."""
        if not self._plans:  # cargo did not run at all
            return super().add_typed(plan, file, levels)
        added = None
        for label, variant in self._variants.items():
            if levels[:1] in ((), (f"@{label}",)):
                case = variant.add_typed(self._plans[label], file, levels[1:])
                if case is not None:
                    added = labelled(case, label)
                    plan.cases.setdefault(case.file, []).append(added)
        return added


def _run_options(run: RunOptions, label: str) -> RunOptions:
    """Return how one Python's tests run: limits are known by its own ids."""

    def on_slow(test: str, seconds: float) -> None:
        run.on_slow(f"{test} ({label})", seconds)

    return replace(run, limits={}, on_slow=Announcer(on_slow))
