"""Which of the user's options cargo refuses: the words of its error tell."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Final

from ...late import regex
from ...rust.leftovers import BUILDS

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
        (r"no [\w-]+ target (?:named|matches|found|available)", _CARGO_ARGS),
        (r"package\(s\) .* not found in workspace|`?package ID specification", _CARGO_ARGS),
        (r"requires a SPEC format value|invalid character .* in package name", _CARGO_ARGS),
        (r"manifest path `|the manifest-path must be|jobs may not be 0|flag is only", _CARGO_ARGS),
    )
)
# What cargo could not make or write, and where.
_NO_PLACE: Final = regex(r"(?:directory `|at path \"|open: |write `)(?P<path>[^`\"\n]+)")


def explain_refusal(words: str, context: BuildContext) -> str | None:
    """Return which option or ini key cargo refuses, and what to do; None if it is not known."""
    refused = next((name for pattern, name in _REFUSALS if pattern.search(words)), None)
    place = _NO_PLACE.search(words)
    options = context.options
    if place is not None and any(word.startswith("--target-dir") for word in options.extra):
        refused = _CARGO_ARGS
    if refused is None:
        return _of_target_directory(place["path"], context) if place is not None else None
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


def _of_target_directory(path: str, context: BuildContext) -> str | None:
    """Explain why cargo cannot write to a path, if that is for its target directory."""
    options, workspace = context.options, context.build.workspace
    place = os.path.normpath(options.directory(workspace))
    # cargo makes a directory beside it first, and may fail at one above it or in it.
    if not (path.startswith(place) or place.startswith(path)):
        return None
    given = (options.target_dir or "").partition(f"{os.sep}{BUILDS}{os.sep}")[0]
    if given and given != workspace.target_directory:
        origin = context.run.origin("cargo_target_dir")
        return f"`{given}` comes from {origin}: choose a directory that cargo can write to"
    return f"cargo cannot write to `{place}`: choose another directory with --cargo-target-dir"
