"""Verdicts where nothing can be compared: a compiler takes no header, or there is none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ...c.compiler import AbiError, HeaderRefusedError
from ...c.target_compiler import TargetCompilerError
from ...case import Location, Verdict
from ...rust.metadata import MetadataError
from ...rust.tables.places import faults_verdict

if TYPE_CHECKING:
    from ...c.headers import HeaderSource
    from ...case import Outcome

__all__ = ["Trouble", "trouble_of"]


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
    asked = mode != "auto" or source is None or source.explicit
    unknown_flags = isinstance(error, AbiError) and not isinstance(error, TargetCompilerError)
    outcome: Outcome = "skipped" if unknown_flags and not asked else "error"
    if source is not None and isinstance(error, HeaderRefusedError):
        return _refused(error, source, outcome)
    if isinstance(error, MetadataError):
        verdict = faults_verdict(error.faults, manifest)
    else:
        verdict = Verdict(outcome, message=str(error))
    return Trouble(verdict, verdict)


def _refused(error: HeaderRefusedError, source: HeaderSource, outcome: Outcome) -> Trouble:
    refusal = error.refusal
    if outcome == "skipped":  # pytest shows the reason in one line, and no place but the item's
        brief = refusal.without_advice
        return Trouble(Verdict(outcome, message=refusal.text), Verdict(outcome, message=brief))
    words, place = refusal.words, Location(source.path, 1)
    if os.path.isabs(refusal.file):  # a system's header: where it is included is not known
        words = refusal.without_advice
    elif refusal.file:
        place = Location(os.path.join(source.owner.root, refusal.file), refusal.line)
    others = Verdict(outcome, message=words, location=place)
    return Trouble(Verdict(outcome, message=f"{words}\n{refusal.advice}", location=place), others)
