"""Verdicts where nothing can be compared: a compiler takes no header, or there is none."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from ...c.compiler import AbiError, HeaderRefusedError
from ...c.target_compiler import TargetCompilerError
from ...case import Location, Verdict
from ...rust.metadata import CPYTHON, MetadataError
from ...rust.tables.places import faults_verdict, key_line

if TYPE_CHECKING:
    from ...c.header_trouble import Refusal
    from ...c.headers import HeaderSource
    from ...case import Case, Outcome

__all__ = ["Trouble", "judged_known", "trouble_of"]

_FLAGS: Final = "flags"


class Trouble(NamedTuple):
    """Why nothing can be compared, for the first item that says so, and for all others."""

    first: Verdict
    others: Verdict
    """Without the advice."""


def trouble_of(error: Exception, source: HeaderSource | None, manifest: str, mode: str) -> Trouble:
    """Return an error, or a skip where nobody has asked for the C compiler's opinion.

    A header that is just there may need flags that we are not told. A table is asking, and so is
    a target.
    """
    refusal = error.refusal if isinstance(error, HeaderRefusedError) else None
    flag = None
    if source is not None and refusal is not None:
        flag = _flag_place(refusal, source, manifest)
    asked = mode != "auto" or source is None or source.explicit or flag is not None
    unknown_flags = isinstance(error, AbiError) and not isinstance(error, TargetCompilerError)
    outcome: Outcome = "skipped" if unknown_flags and not asked else "error"
    if source is not None and refusal is not None:
        return _refused(refusal, source, outcome, flag)
    if isinstance(error, MetadataError):
        verdict = faults_verdict(error.faults, manifest)
    else:
        verdict = Verdict(outcome, message=str(error))
    return Trouble(verdict, verdict)


def _refused(
    refusal: Refusal, source: HeaderSource, outcome: Outcome, flag: Location | None
) -> Trouble:
    if outcome == "skipped":  # pytest shows the reason in one line, and no place but the item's
        brief = refusal.without_advice
        return Trouble(Verdict(outcome, message=refusal.text), Verdict(outcome, message=brief))
    words, place = refusal.words, Location(source.path, 1)
    if os.path.isabs(refusal.file):  # a system's header: where it is included is not known
        words = refusal.without_advice
    elif flag is not None:
        place = flag
    elif refusal.file:
        place = Location(os.path.join(source.owner.root, refusal.file), refusal.line)
    others = Verdict(outcome, message=words, location=place)
    return Trouble(Verdict(outcome, message=f"{words}\n{refusal.advice}", location=place), others)


def _flag_place(refusal: Refusal, source: HeaderSource, manifest: str) -> Location | None:
    """Return where the flag is written that a compiler does not know; None if no manifest has it.

    That is the package's own manifest, or the manifest of the one that has the header.
    """
    if not refusal.option or not any(flag in refusal.words for flag in source.table.flags):
        return None
    theirs = source.owner.metadata.get(CPYTHON, {}).get(_FLAGS, ())
    if any(flag in refusal.words for flag in theirs):
        manifest = source.owner.manifest_path
    return Location(manifest, key_line(manifest, (CPYTHON, _FLAGS)))


def judged_known(case: Case, verdict: Verdict, advice: str, kinds: str) -> Verdict:
    """Return the verdict of what is known to fail; where nothing can be compared, it is an error.

    ``kinds`` are those of minor differences.
    """
    if verdict.outcome == "skipped":
        words = f"{case.levels[-1]} is known to fail ({case.xfail}), but cannot be compared: "
        return replace(verdict, outcome="error", message=f"{words}{verdict.message}. {advice}")
    if verdict.outcome == "passed":
        words = f"{case.levels[-1]} now agrees with C"
        if kinds:
            words = (
                f"{case.levels[-1]} now has only minor differences from C ({kinds}), "
                "which fail only if `letter` lists them"
            )
        return replace(
            verdict, message=f"{words}, but is listed as known to fail ({case.xfail}). {advice}"
        )
    return verdict
