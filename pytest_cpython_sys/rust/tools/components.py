"""Parts of a toolchain that need not be there: clippy and rustfmt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...cargo.run_program import run_to_end

if TYPE_CHECKING:
    from ...cargo import Build, Cargo

__all__ = ["ComponentMissingError", "look_for_component"]

_LIMIT: Final = 60.0
"""Seconds for `cargo clippy --version`."""


class ComponentMissingError(Exception):
    """It is not installed: the message says how to get it."""


def look_for_component(cargo: Cargo, build: Build, command: str, component: str, use: str) -> None:
    """Raise ComponentMissingError unless a subcommand of cargo's is there; ``use`` is its use."""
    argv = [cargo.program_path, command, "--version"]
    environment, root = build.environment, build.workspace.root
    try:
        done = run_to_end(argv, cwd=root, env=environment, limit=_LIMIT)
    except OSError as error:
        words = error.strerror or str(error)
    else:
        if done.exit_code == 0:
            return
        words = done.stderr.partition("\n")[0] or done.how
    raise ComponentMissingError(
        f"{component}, which {use}, is not available: `cargo {command}` printed {words!r}; "
        f"install it (`rustup component add {component}`)"
    )
