"""Fetches the sources of a real CPython and builds them, for the tests of this directory.

    python tests/cpython/build.py [regular] [free_threaded] [debug]

The sources are Debian's, fetched with apt: with a configuration, a state and a cache of its own, so
that the system's are not touched. Where they come from is read from the machine's own apt sources.
All of it is kept in ``.cache/cpython`` of the repository, or in the directory that
``CPYTHON_SYS_CACHE`` names (about 1 GB). What is there already is not done again; a step that was
interrupted is done anew. Only one run at a time works in a directory: another one waits.

Exit code 1, with one line that says why, where it cannot be done.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["BUILDS", "CACHE_VARIABLE", "FetchError", "Trees", "cache_directory", "find_trees"]

CACHE_VARIABLE: Final = "CPYTHON_SYS_CACHE"
BUILDS: Final = {
    "regular": (),
    "free_threaded": ("--disable-gil",),
    "debug": ("--with-pydebug",),
}
"""Names of the builds, with what ``./configure`` is told."""

_SUITE: Final = "trixie"
_PACKAGE: Final = "python3.13"
# Suites of Debian itself: a machine that has one of these knows where Debian's archive is.
_RELEASES: Final = {
    *("stable", "testing", "unstable", "oldstable", "oldoldstable", "sid"),
    *("bullseye", "bookworm", "trixie", "forky", "duke"),
}
# Seconds. Two cores need 5 s, 30 s and 150 s for the last three.
_LIMITS: Final = {"apt-get": 900, "configure": 1200, "make": 7200}


class FetchError(Exception):
    """It cannot be done: one line that says what was tried, what happened, what to do."""


@dataclass(frozen=True)
class Trees:
    """A source tree, and its build directories by their names."""

    source: Path
    builds: dict[str, Path]


def cache_directory() -> Path:
    """Return the directory that holds everything."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path(__file__).parents[2] / ".cache" / "cpython"


def find_trees(cache: Path, names: Sequence[str] = tuple(BUILDS)) -> Trees | None:
    """Return the trees of a cache if these builds are complete, and where they were built."""
    source = _source(cache)
    if source is None:
        return None
    found = {name: source / "build" / name for name in BUILDS}
    complete = {name: path for name, path in found.items() if _is_complete(path)}
    return Trees(source, complete) if set(names) <= complete.keys() else None


def _source(cache: Path) -> Path | None:
    found = sorted(cache.glob("Python-*/configure"))
    return found[-1].parent.resolve() if found else None


def _is_complete(build: Path) -> bool:
    """Tell whether a build has come to its end, in this place: a Makefile knows where it is."""
    try:
        stamp = json.loads((build / "complete.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(stamp == {"directory": str(build)}) and os.access(build / "python", os.X_OK)


# -- sources ----------------------------------------------------------------------------------


def archive_stanza(etc: Path) -> str:
    """Return where apt finds Debian's archive, as a deb822 stanza for sources of our suite.

    Formats: ``man 5 sources.list``. Raises FetchError.
    """
    for path in (etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))):
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        stanzas = _stanzas(text) if path.suffix == ".sources" else _lines(text)
        for fields in stanzas:
            suites = fields.get("suites", "").split()
            if fields.get("enabled", "yes") == "no" or not _RELEASES.intersection(suites):
                continue
            if "main" in fields.get("components", "").split():
                kept = {
                    name: value
                    for name, value in fields.items()
                    if name in ("signed-by", "trusted")
                }
                first = fields["uris"].split()[0]
                ours = {"types": "deb-src", "uris": first, "suites": _SUITE, "components": "main"}
                return "".join(f"{name}: {value}\n" for name, value in {**ours, **kept}.items())
    raise FetchError(
        f"no source of Debian's archive in {etc}: the sources of {_PACKAGE} are Debian's, so a "
        "machine with Debian is needed"
    )


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if line and not line.startswith("#")]
        fields = {}
        for line in "\n".join(lines).replace("\n ", "\v ").split("\n"):
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.replace("\v", "\n").strip()
        if "uris" in fields:
            yield fields


def _lines(text: str) -> Iterator[dict[str, str]]:
    for line in text.splitlines():
        match = re.match(r"\s*deb(?:-src)?\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)", line)
        if match is not None:
            options = dict(word.partition("=")[::2] for word in (match[1] or "").split())
            yield {
                **{name.lower(): value for name, value in options.items()},
                "uris": match[2],
                "suites": match[3],
                "components": match[4],
            }


def _fetch(cache: Path) -> Path:
    """Return the tarball of the sources, fetched if need be."""
    directory = cache / "download"
    done = sorted(directory.glob(f"{_PACKAGE}_*.orig.tar.xz"))
    if done:
        return done[-1]
    if shutil.which("apt-get") is None:
        raise FetchError(f"no apt-get on this machine: it fetches the sources of {_PACKAGE}")
    apt = cache / "apt"
    shutil.rmtree(apt, ignore_errors=True)
    for name in ("state/lists/partial", "cache/archives/partial", "sources"):
        (apt / name).mkdir(parents=True)
    (apt / "sources" / "debian.sources").write_text(
        archive_stanza(Path("/etc/apt")), encoding="utf-8"
    )
    settings = {
        "Dir::State": apt / "state",
        "Dir::Cache": apt / "cache",
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": apt / "sources",
        "Acquire::Retries": "3",
    }
    if os.geteuid() == 0:
        settings["APT::Sandbox::User"] = "root"  # Another user may not write here.
    config = apt / "apt.conf"
    config.write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
    partial = cache / "download.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    environment = {**os.environ, "APT_CONFIG": str(config), "LC_ALL": "C"}
    _run(["apt-get", "-q", "update"], partial, environment)
    _run(["apt-get", "-q", "source", "--download-only", _PACKAGE], partial, environment)
    if not list(partial.glob(f"{_PACKAGE}_*.orig.tar.xz")):
        raise FetchError(f"apt-get fetched no {_PACKAGE}_*.orig.tar.xz: the package has changed")
    shutil.rmtree(directory, ignore_errors=True)
    partial.rename(directory)
    return _fetch(cache)


def _unpack(cache: Path) -> Path:
    """Return the source tree, unpacked if need be."""
    found = _source(cache)
    if found is not None:
        return found
    tarball = _fetch(cache)
    _say(f"unpacking {tarball.name}")
    partial = cache / "unpacking"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with tarfile.open(tarball) as archive:
            archive.extractall(partial, filter="data")
    except (OSError, EOFError, tarfile.TarError) as error:
        shutil.rmtree(cache / "download", ignore_errors=True)
        raise FetchError(f"{tarball} cannot be unpacked ({error}): run this again") from None
    (root,) = partial.iterdir()
    root.rename(cache / root.name)
    partial.rmdir()
    return (cache / root.name).resolve()


# -- builds -----------------------------------------------------------------------------------


def _build(source: Path, name: str) -> None:
    directory = source / "build" / name
    if _is_complete(directory):
        return
    for tool in ("cc", "make"):
        if shutil.which(tool) is None:
            raise FetchError(f"no {tool} on this machine: it is needed to build {_PACKAGE}")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    environment = {key: os.environ[key] for key in ("HOME", "PATH", "TMPDIR") if key in os.environ}
    _run(["../../configure", "-q", "-C", *BUILDS[name]], directory, environment)
    _run(["make", "-s", f"-j{os.cpu_count() or 1}"], directory, environment)
    stamp = json.dumps({"directory": str(directory)})
    (directory / "complete.json").write_text(stamp, encoding="utf-8")


def _run(command: Sequence[str], directory: Path, environment: dict[str, str]) -> None:
    """Run one step, as a process group of its own; what it says is kept in a log. FetchError."""
    step = os.path.basename(command[0])
    _say(f"{' '.join(command)} (in {directory})")
    log = directory / f"{step}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout=_LIMITS[step])
        except subprocess.TimeoutExpired:
            raise FetchError(f"{step} has not ended after {_LIMITS[step]} s: see {log}") from None
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [line for line in lines if re.match(r"E: |configure: error|.*\berror:", line)]
        words = (errors or lines or ["it said nothing"])[0].strip()
        hint = ": is there a network?" if step == "apt-get" else ""
        raise FetchError(f"{step} failed ({words}), see {log}{hint}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _locked(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"another run is at work in {cache}: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Do what is missing; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="BUILD", help=f"of: {', '.join(BUILDS)}")
    names = parser.parse_args().names or list(BUILDS)
    unknown = sorted(set(names) - BUILDS.keys())
    if unknown:
        parser.error(f"no build {', '.join(unknown)}; there are: {', '.join(BUILDS)}")
    cache = cache_directory().absolute()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if find_trees(cache, names) is None:
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with _locked(cache):
                source = _unpack(cache)
                for name in names:
                    _build(source, name)
        except FetchError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        except KeyboardInterrupt:
            sys.stderr.write("interrupted: run this again to go on\n")
            return 130
        except OSError as error:
            sys.stderr.write(f"{error.filename or cache}: {error.strerror or error}\n")
            return 1
    trees = find_trees(cache, names)
    if trees is None:
        sys.stderr.write(f"what was built in {cache} is not complete: remove it, run this again\n")
        return 1
    for name in names:
        _say(f"{name}: {trees.builds[name]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
