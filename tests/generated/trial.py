"""One project tried: written, judged by cargo and by pytest, and compared."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .compare import Difference, differences
from .expected import expect
from .generate import generate
from .model import SheetError
from .observed import observe
from .running import write_files
from .truth import MistakeError, find_truth

if TYPE_CHECKING:
    from .model import Node
    from .project import Project

# `T12` and `Sshared12` are labels, `t12` a test, `D12` and `C12` documented.
_NUMBER = re.compile(r"(?:\b[tDdC]|_T|shared|trial)(\d+)(?:::[f\d]\w*)* ")

__all__ = ["Result", "shown", "shrunk", "try_project", "try_seed"]


@dataclass
class Result:
    """What came of a project."""

    seed: int
    project: Project
    differences: list[Difference] = field(default_factory=list)
    arguments: tuple[str, ...] = ()
    """Those of the run of pytest that differs."""
    mistake: str = ""
    pairs: frozenset[tuple[str, str]] = frozenset()
    output: str = ""


def try_seed(seed: int, scratch: Path, *, xdist: bool, python: str = sys.executable) -> Result:
    """Try the project of a seed."""
    return try_project(generate(seed), scratch, xdist=xdist, python=python)


def try_project(
    project: Project, scratch: Path, *, xdist: bool, python: str = sys.executable
) -> Result:
    """Try a project, once or once more with two workers; leave nothing behind."""
    directory = Path(tempfile.mkdtemp(dir=scratch, prefix=f"seed{project.seed}-"))
    result = Result(project.seed, project)
    try:
        _try(project, directory, result, xdist=xdist, python=python)
    except (MistakeError, SheetError, TimeoutError) as error:
        result.mistake = str(error)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return result


def _try(project: Project, directory: Path, result: Result, *, xdist: bool, python: str) -> None:
    book = project.write_book()
    result.pairs = frozenset(book.pairs)
    truth = find_truth(project, directory / "truth")
    expected = expect(project, truth, directory / "truth" / "project")
    place = directory / "seen" / "project"
    write_files(place, book.files)
    runs: list[tuple[str, ...]] = [("-p", "no:xdist")]
    if xdist:
        runs.append(("-n2",))
    for arguments in runs:
        seen = observe(place, *arguments, python=python)
        found = differences(expected, seen)
        if found:
            result.differences, result.arguments = found, arguments
            result.output = seen.output
            return


def shrunk(result: Result, scratch: Path, *, python: str = sys.executable) -> Result:
    """Return the smallest project that still differs as this one does first."""
    from .shrink import smaller

    sorts = {difference.sort for difference in result.differences[:1]}
    xdist = "-n2" in result.arguments
    best, tries = result, 0
    changed = True
    while changed and tries < 120:
        changed = False
        for candidate in smaller(best.project):
            tries += 1
            if tries >= 120:
                break
            tried = try_project(candidate, scratch, xdist=xdist, python=python)
            if sorts & {difference.sort for difference in tried.differences}:
                best, changed = tried, True
                break
    return best


def shown(result: Result, *, files: bool = True) -> str:
    """Return a project as files, and what differs."""
    lines = [f"=== seed {result.seed}, pytest {' '.join(result.arguments)}"]
    lines += [
        f"    {difference}{_features(result.project, difference.what)}"
        for difference in result.differences
    ]
    written = result.project.write_book().files if files else {}
    for name, text in sorted(written.items()):
        lines += [f"--- {name}", text.rstrip("\n")]
    return "\n".join(lines)


def _features(project: Project, what: str) -> str:
    """Return which features a leaf stands in, found by the number in its name."""
    match = _NUMBER.search(what)
    chain = _chain(project, int(match[1])) if match else []
    return f"  [{' > '.join(chain)}]" if chain else ""


def _chain(node: Node, uid: int) -> list[str]:
    for child in node.children:
        below = [] if child.uid == uid else _chain(child, uid)
        if below or child.uid == uid:
            return [",".join(child.tags()), *below]
    return []
