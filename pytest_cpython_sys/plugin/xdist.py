"""pytest-xdist: the controller's plan for its workers, and what a worker will run next.

Only the controller calls cargo. Its plan is plain data, and what the plan's checkers know.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .nodes import RustItem
from .pytest_compat.companions import queued_items

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from ..case import Case
    from ..plan import Plan

__all__ = ["check_place", "pack", "received_arguments", "unpack", "upcoming_cases"]

_KEY = "cpython_sys_plan"
_ARGUMENTS = "cpython_sys_arguments"


def pack(plan: Plan, arguments: list[str], workerinput: dict[str, Any]) -> None:
    """Put a plan into what a worker is given, and pytest's arguments as they are now.

    A checker of another plugin that cannot cross makes the worker find everything out again.
    """
    import pickle

    workerinput[_ARGUMENTS] = list(arguments)
    try:
        workerinput[_KEY] = pickle.dumps(plan, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError):
        workerinput.pop(_KEY, None)


def check_place(plan: Plan, node: Any) -> None:
    """Refuse a worker that is in another directory: it would collect no Rust test, and say nothing.

    Raises pytest.UsageError.
    """
    import pytest

    spec = node.gateway.spec
    if spec.popen and not spec.chdir:
        return
    here, there = os.getcwd(), str(node.workerinfo["cwd"])
    if there != here and any(plan.cases.values()):
        raise pytest.UsageError(
            f"--tx: the worker {node.gateway.id} runs in {there}, but Rust tests can only run in "
            f"the directory in which they were built: remove --rsyncdir, and add //chdir={here} to "
            "--tx; both machines must share that directory"
        )


def received_arguments(config: pytest.Config) -> list[str]:
    """Return the controller's arguments: a worker is given those that were typed, if any were."""
    arguments: list[str] = getattr(config, "workerinput", {}).get(_ARGUMENTS, config.args)
    return arguments


def unpack(config: pytest.Config) -> Plan | None:
    """Return the controller's plan; None in a process that is no worker of its."""
    data = getattr(config, "workerinput", {}).get(_KEY)
    if data is None:
        return None
    import pickle

    plan: Plan = pickle.loads(data)  # noqa: S301 - from our own controller
    return plan


def upcoming_cases(session: pytest.Session) -> Iterator[Case]:
    """Yield the cases that this worker has in its queue; none where that cannot be seen.

    With ``--dist=worksteal`` another worker may take them away: then nothing counts as certain.
    """
    if session.config.getoption("dist", "no") == "worksteal":
        return
    for item in queued_items(session):
        if isinstance(item, RustItem) and not item.is_left_out:
            yield item.case
