"""What clippy's words about a workspace follow from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from ...cargo import configured_environment, rustflags, stamp, upwards
from ..made_units import made_units

if TYPE_CHECKING:
    from ..context import BuildContext
    from ..libraries import Libraries

__all__ = ["clippy_causes", "clippy_configurations"]

_NAMES: Final = (".clippy.toml", "clippy.toml")


def clippy_configurations(context: BuildContext) -> set[str | None]:
    """Return the configuration files of all packages; None stands for one that has none."""
    environment, workspace = context.build.environment, context.build.workspace
    environment = {**environment, **configured_environment(environment, workspace.root)}
    named = environment.get("CLIPPY_CONF_DIR")
    starts = [named] if named else [package.root for package in workspace.packages]
    return {_nearest(os.path.join(workspace.root, start)) for start in starts}


def _nearest(directory: str) -> str | None:
    """Return clippy's configuration file in a directory or above it, as clippy looks for it."""
    paths = (os.path.join(place, name) for place in upwards(directory) for name in _NAMES)
    return next(filter(os.path.isfile, paths), None)


def clippy_causes(context: BuildContext, libraries: Libraries) -> list[Any] | None:
    """Return all that may change what clippy says; None if nobody knows what it reads."""
    build = context.build
    root = build.workspace.root
    files = {os.path.join(root, name) for name in ("Cargo.toml", "Cargo.lock")}
    files.update(filter(None, clippy_configurations(context)))
    for unit in made_units(context):
        files.add(unit.package.manifest_path)
        sources = unit.sources(libraries)
        if sources is None:
            return None
        files.update(sources)
    members = {package.id for package in build.workspace.packages}
    for artifact in build.artifacts:
        # Of what lies outside of the workspace, rustc's own work tells when it has changed.
        if artifact.package_id not in members and artifact.package_id.startswith("path+"):
            files.update(artifact.filenames)
    return [
        context.cargo.toolchain,
        context.options.arguments(),
        build.command,
        rustflags(build.environment, root),
        sorted(map(stamp, files)),
        {package.id: build.script(package.id) for package in build.workspace.packages},
    ]
