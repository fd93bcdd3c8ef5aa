"""Which of the user's options cargo refuses: the words of its error tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...late import regex

if TYPE_CHECKING:
    from ...rust.context import BuildContext

__all__ = ["explain_refusal"]

_CARGO_ARGS: Final = "cargo_args"
# The option that each error may be about; what is not given by it stands in cargo's arguments.
_REFUSALS: Final = tuple(
    (regex(pattern), name)
    for pattern, name in (
        (r"(?:does|do|contains?) (?:not contain )?th(?:is|ese) features?: ", "cargo_features"),
        (r"invalid (?:character|feature name)\b.* feature", "cargo_features"),
        (r"profile `[^`]*` is not defined|in profile name: ", "cargo_profile"),
        (r"find specification for target|\.json` target specs", "cargo_target"),
        (r"unexpected argument '|invalid value '|cannot be used (?:with|multiple)", _CARGO_ARGS),
        (r"--config argument|--config `", _CARGO_ARGS),
    )
)


def explain_refusal(words: str, context: BuildContext) -> str | None:
    """Return which option or ini key cargo refuses, and what to do; None if it is not known."""
    refused = next((name for pattern, name in _REFUSALS if pattern.search(words)), None)
    if refused is None:
        return None
    options = context.options
    given = {
        "cargo_features": ",".join(options.features),
        "cargo_profile": options.profile,
        "cargo_target": options.target,
        _CARGO_ARGS: " ".join(options.extra),
    }
    name = refused if given[refused] else _CARGO_ARGS
    if not given[name]:
        return None
    return f"`{given[name]}` comes from {context.run.origin(name)}: correct or remove it"
