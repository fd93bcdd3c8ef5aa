"""Whether a tag may be released: the version, the changelog and the built files say the same.

python -m tests.release.tag v0.2.0            # exit code 1, with all that is wrong
python -m tests.release.tag v0.2.0 dist       # and of what is in this directory
python -m tests.release.tag v0.2.0 --notes    # print what the changelog says of it
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Final

__all__ = ["notes", "trouble"]

ROOT: Final = Path(__file__).parents[2]
_NAME: Final = "pytest_cpython_sys"
_TAG: Final = re.compile(r"v(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)")
_HEADING: Final = re.compile(r"^## \[([^\]]+)\](?: - (\S+))?$", re.MULTILINE)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


def _sections(changelog: str) -> dict[str, tuple[str | None, str]]:
    """Return each version's date and text, in the order of the file."""
    parts = _HEADING.split(changelog)[1:]
    return {parts[at]: (parts[at + 1], parts[at + 2].strip()) for at in range(0, len(parts), 3)}


def notes(version: str, changelog: str) -> str:
    """Return what the changelog says of a version; nothing if it does not."""
    return _sections(changelog).get(version, (None, ""))[1]


def trouble(tag: str, version: str, changelog: str, built: list[str] | None = None) -> list[str]:
    """Return what keeps a tag from being released: a sentence each."""
    match = _TAG.fullmatch(tag)
    if match is None:
        return [f"{tag} is not a release's tag: it is v and a version, such as v{version}"]
    found = []
    tagged = match[1]
    if tagged != version:
        found.append(f"the tag says {tagged}, {_NAME}/__init__.py says {version}")
    sections = _sections(changelog)
    if next(iter(sections), None) != "Unreleased":
        found.append("the changelog does not begin with a section [Unreleased]")
    elif notes("Unreleased", changelog):
        found.append("the changelog has entries below [Unreleased]: cut it")
    date, text = sections.get(tagged, (None, ""))
    if tagged not in sections:
        found.append(f"the changelog has no section [{tagged}]")
    elif date is None or not _DATE.fullmatch(date):
        found.append(f"the changelog's section [{tagged}] has no date: ## [{tagged}] - YYYY-MM-DD")
    elif not text:
        found.append(f"the changelog's section [{tagged}] is empty")
    if built is not None:
        expected = [f"{_NAME}-{tagged}-py3-none-any.whl", f"{_NAME}-{tagged}.tar.gz"]
        if sorted(built) != expected:
            found.append(f"built are {', '.join(sorted(built)) or 'none'}; not {expected}")
    return found


def main() -> int:
    """Say what is wrong, or print the notes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tag")
    parser.add_argument("directory", nargs="?", type=Path, help="with the wheel and the sdist")
    parser.add_argument("--notes", action="store_true", help="print the changelog's section")
    given = parser.parse_args()
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if given.notes:
        print(notes(given.tag.removeprefix("v"), changelog))  # noqa: T201
        return 0
    text = (ROOT / _NAME / "__init__.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    built = None if given.directory is None else [one.name for one in given.directory.iterdir()]
    found = trouble(given.tag, match[1] if match else "nothing", changelog, built)
    for line in found:
        print(line, file=sys.stderr)  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
