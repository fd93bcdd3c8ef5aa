"""A program run to its end, within a limit of time: what it wrote, and how it ended."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .test_binary.stream import BinaryRun, cut, describe_exit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Ended", "run_to_end"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    exit_code: int
    """Negative: the signal that killed it."""
    expired: bool
    """Whether it was ended because its time was over."""
    leaked: bool
    """Whether something that it had started was still running."""
    seconds: float
    limit: float
    stdout: str
    stderr: str

    @property
    def how(self) -> str:
        """How it ended, in words."""
        if self.expired:
            return f"timed out after {self.limit:g} s"
        return describe_exit(self.exit_code)

    @property
    def output(self) -> str:
        """All that it wrote."""
        return "\n".join(part for part in (self.stdout, self.stderr) if part)


def run_to_end(
    argv: Sequence[str], *, cwd: str, env: Mapping[str, str], limit: float, grace: float = 2.0
) -> Ended:
    """Run a program for ``limit`` seconds at most. Raises OSError if it cannot be started."""
    started = time.monotonic()
    run = BinaryRun(argv, cwd=cwd, env=env, deadline=lambda: started + limit, grace=grace)
    stdout = b"\n".join(run.lines()).decode("utf-8", "replace")
    return Ended(
        exit_code=run.exit_code or 0,
        expired=run.expired,
        leaked=run.leaked,
        seconds=time.monotonic() - started,
        limit=limit,
        stdout=cut(stdout).strip("\n"),
        stderr=run.stderr.strip("\n"),
    )
