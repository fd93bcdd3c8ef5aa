"""What a process has seen of a module, kept until the library, its Python or its calls change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...cargo import cache_path, keep_json, read_json, stamp
from ...cargo.run_program import Ended
from ...extensions.probe_client import Answer, ask

if TYPE_CHECKING:
    from ...extensions.extension import Extension
    from ...python.interpreter import Interpreter

__all__ = ["ask_once"]

_FORMAT: Final = 2
"""Of what is written down: another number where the probe says more."""
_GOOD_END: Final = Ended(
    0, expired=False, leaked=False, seconds=0.0, limit=None, raw=b"", stderr=""
)


def ask_once(
    extension: Extension, python: Interpreter, check: str, *, library: str, limit: float
) -> Answer:
    """Return what `ask` would; only what came to a good end is kept.

    Raises ExtensionError, OSError.
    """
    context = extension.context
    causes = [
        *(_FORMAT, check, stamp(library), extension.place(library).name, extension.table.calls),
        *(python.fingerprint, stamp(str(python.executable))),
    ]
    path = cache_path(context.build, context.options, "modules", causes)
    kept = read_json(path)
    if isinstance(kept, list):
        return Answer(_GOOD_END, kept)
    answer = ask(extension, python, check, library=library, limit=limit)
    ended = answer.ended
    if answer.done and not answer.error and not ended.exit_code and not ended.expired:
        keep_json(path, list(answer.lines))
    return answer
