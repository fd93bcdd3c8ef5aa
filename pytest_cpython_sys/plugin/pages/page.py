"""The whole document: a head that says what became of the run, then its sections."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..pictures.layout_svg import inline_style
from . import drawings, sections
from .facts import Section, counted
from .markup import code, text, tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import Facts

__all__ = ["document"]

_SECTIONS: Final = (
    sections.failures,
    sections.packages,
    sections.pythons,
    sections.rules,
    drawings.layouts,
    drawings.build_times,
    sections.skipped,
    sections.tests,
)
_OUTCOMES: Final = ("passed", "failed", "not evaluated", "skipped", "xfailed", "xpassed")
# Nothing is loaded from anywhere, and no script runs, whatever stands in the page.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def document(facts: Facts) -> str:
    """Return the page."""
    found = [section for make in _SECTIONS if (section := make(facts)) is not None]
    found.append(_environment(facts))
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    body = "\n".join(_section(section) for section in found)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="pytest-cpython-sys">
<title>{text(facts.project)}: {text(facts.headline)}</title>
<style>
{style}{inline_style()}
</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
{_head(facts, found)}
<main id="content" class="frame">
{body}
</main>
<footer class="frame">Written by pytest-cpython-sys. This page contains no scripts.</footer>
</body>
</html>
"""


def _anchor(section: Section) -> str:
    return section.name.lower().replace(" ", "-")


def _section(section: Section) -> str:
    anchor = _anchor(section)
    aside = f"<small>{text(section.aside)}</small>" if section.aside else ""
    return (
        f'<section id="{anchor}" aria-labelledby="{anchor}-title">'
        f'<h2 id="{anchor}-title">{section.title}{aside}</h2>\n{section.html}\n</section>'
    )


def _head(facts: Facts, found: list[Section]) -> str:
    links = "".join(f'<li><a href="#{_anchor(one)}">{one.name}</a></li>' for one in found)
    when = facts.started
    date = f'<time datetime="{when.isoformat(timespec="seconds")}">{when:%Y-%m-%d %H:%M %Z}</time>'
    said = [date, text(_duration(facts.seconds)), *_python_line(facts)]
    notice = ""
    if facts.incomplete:
        notice = (
            f'<p class="notice warn" role="note"><b>Incomplete.</b> {text(facts.incomplete)}</p>'
        )
    return f"""<header class="head {facts.tone}">
<div class="frame">
<p class="project">{text(facts.project)}</p>
<h1>{text(facts.headline)}</h1>
<p class="facts">{"".join(f"<span>{one}</span>" for one in said)}</p>
{notice}
{"".join(_tiles(facts))}
<nav aria-label="Sections"><ul>{links}</ul></nav>
</div>
</header>"""


def _tiles(facts: Facts) -> Iterator[str]:
    """Yield how many tests ended how, in numbers and as a strip."""
    counts = [(word, facts.outcomes[word]) for word in _OUTCOMES if facts.outcomes[word]]
    if not counts:
        return
    tiles = (
        f'<li class="{tone(word)}"><b>{number:,}</b><span>{word}</span></li>'
        for word, number in counts
    )
    strip = "".join(
        f'<i class="{tone(word)}" style="flex:{number}"></i>' for word, number in counts
    )
    yield f'<ul class="tiles">{"".join(tiles)}</ul>\n'
    yield f'<div class="strip" aria-hidden="true">{strip}</div>'


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _python_line(facts: Facts) -> Iterator[str]:
    """Yield what became of the tests of Python, in one line; nothing where there is none."""
    outcomes = list(facts.python.outcomes.values())
    words = [(outcomes.count(word), word) for word in _OUTCOMES]
    parts = [f"{number} {word}" for number, word in words if number]
    if facts.python.errors:
        parts.append(counted(len(facts.python.errors), "collection error"))
    if parts:
        yield f"Python tests: {', '.join(parts)}"


def _environment(facts: Facts) -> Section:
    entries = [("command", facts.command), ("exit code", str(facts.exit_code)), *facts.environment]
    listed = "".join(f"<dt>{text(name)}</dt><dd>{code(value)}</dd>" for name, value in entries)
    body = f'<div class="box"><dl class="said-of">{listed}</dl></div>'
    return Section("Environment", "Environment", "", body)
