"""What can be asked for instead of a run: the environment of builds, and room on the disk."""

from __future__ import annotations

import datetime
import os
from typing import TYPE_CHECKING

import pytest

from ..case import counted
from ..rust.leftovers import KEPT_DAYS, find_leftovers, remove
from .header import export_lines
from .options import plugin_is_off

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..project import Project
    from ..rust.leftovers import Leftover
    from .session import RustSession

__all__ = ["answer"]


def answer(asked: str, config: pytest.Config, session: RustSession | None) -> pytest.ExitCode:
    """Do what an option asks for; nothing is built. Raises pytest.UsageError."""
    word = f"--{asked.replace('_', '-')}"
    if session is None:
        raise plugin_is_off(word)
    project = session.find_project(word)
    writer = config.get_terminal_writer()
    if asked == "cpython_sys_env":
        for line in export_lines(project):
            writer.line(line)
        return pytest.ExitCode.OK
    code = pytest.ExitCode.OK
    for line, is_error in _clean(project, config.invocation_params.dir):
        writer.line(line, red=is_error)
        if is_error:
            code = pytest.ExitCode.TESTS_FAILED
    return code


def _clean(project: Project, here: os.PathLike[str]) -> Iterator[tuple[str, bool]]:
    """Remove what nobody uses; yield what to say, and whether it is an error."""
    kept: list[Leftover] = []
    freed: list[Leftover] = []
    for target in project.base_directories:
        for leftover in find_leftovers(target):
            path = os.path.relpath(leftover.path, here)
            if leftover.busy:
                yield f"kept {path}: cargo is using it", False
                continue
            if not leftover.unused:
                kept.append(leftover)
                continue
            try:
                remove(leftover)
            except OSError as error:
                yield f"cannot remove {path}: {error.strerror}", True
                continue
            freed.append(leftover)
            yield f"removed {path}: {_size([leftover])}{_last_used(leftover)}", False
    if kept:
        some = counted(len(kept), "directory", "directories")
        yield f"kept {some} that a run used in the last {KEPT_DAYS} days: {_size(kept)}", False
    yield f"freed {_size(freed)}", False


def _last_used(leftover: Leftover) -> str:
    if not leftover.used:
        return ""
    return f", last used on {datetime.date.fromtimestamp(leftover.used)}"


def _size(leftovers: Iterable[Leftover]) -> str:
    """Return in words how much room directories take."""
    size = float(sum(leftover.size for leftover in leftovers))
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
