"""The sections of the page that are about verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...case import grouped
from .facts import Section, counted
from .markup import code, details, items, mark, scrolled, table, text, tone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .facts import Facts
    from .records import Record

__all__ = ["failures", "packages", "pythons", "rules", "skipped", "tests"]

_OPEN: Final = 10
"""Failures of which all is shown at once: more would hide what there is."""
_ORDER: Final = ("passed", "failed", "not evaluated", "skipped", "xfailed", "xpassed")
_RULES: Final = {
    "@unsafe": "unsafe code has a `// SAFETY:` comment, or the ledger allows it",
    "@symbol": "exported symbols: their names, and their declarations in C",
    "@twin": "the module is like its twin in C or Python",
    "@module::imports": "Python can import the module",
    "@module::subinterpreters": "the module behaves in an isolated interpreter as it declares",
    "@module::free_threading": "the module behaves without a GIL as it declares",
    "@module::leaks": "the module leaks nothing when it is imported repeatedly",
    "@module::stable_abi": "the module uses only the stable ABI of Python",
    "@module::requires": "the module keeps the promises of its manifest",
    "@api::capability": "safe public functions that reach C take a capability",
    "@api::ffi-module": "C functions are called only in the module for them",
    "@api::catch-unwind": '`extern "C"` functions let no panic reach C',
    "@api::no-mut-ref": "public functions neither take nor return `&mut` of these types",
    "@api::not-send": "types that must not be Send",
    "@api::send": "types that must be Send",
    "@api::not-sync": "types that must not be Sync",
    "@api::sync": "types that must be Sync",
    "@api::must-use": "types that must be #[must_use]",
    "@abi::layout": "types have the same layout in Rust and in C",
    "@abi::const": "constants have the same value in Rust and in C",
    "@abi::init": "initialisers have the same bytes in Rust and in C",
    "@abi::fn": "functions have the same declaration in Rust and in C",
    "@metadata": "the table of the manifest is valid",
    "bindgen_test_layout": "types have the layout that bindgen recorded",
}


def packages(facts: Facts) -> Section | None:
    """Return what was found in each package."""
    rows = facts.counts.rows()
    if not rows:
        return None
    columns = facts.counts.columns
    labelled = any(label for _, label, _ in rows)
    cells = []
    for package, label, row in rows:
        named = [code(f"@{label}") if label else ""] if labelled else []
        cells.append([text(package), *named, *(_number(name, row[name]) for name in columns)])
    heads = ["Package", *(["Python"] if labelled else ()), *(f"#{name}" for name in columns)]
    body = scrolled(
        "Packages", table("Tests of each package by kind and outcome", heads, cells, "cards")
    )
    count = len({package for package, _, _ in rows})
    return Section("Packages", "Packages", f"{count}", f'<div class="box">{body}</div>')


def _number(name: str, number: int) -> str:
    if not number:
        return '<span class="zero">0</span>'
    loud = name in ("failed", "not evaluated")
    return f'<span class="mark bad">{number}</span>' if loud else f"{number}"


def failures(facts: Facts) -> Section | None:
    """Return everything that is known of what failed or was not evaluated."""
    if not facts.bad:
        return None
    several = len(facts.bad) > _OPEN
    boxes = (
        _failure(anchor, record, facts.drawn.get(record.nodeid), is_open=not several)
        for anchor, record in facts.bad
    )
    body = f'<div class="box">{"".join(boxes)}</div>'
    words = ("failed", "not evaluated")
    aside = ", ".join(f"{facts.outcomes[word]} {word}" for word in words if facts.outcomes[word])
    return Section("Failures", "What failed", aside, body)


def _failure(anchor: str, record: Record, drawing: str | None, *, is_open: bool) -> str:
    summary = f"{mark(record.outcome)} {code(record.nodeid)}"
    summary += f'<span class="heading">{text(record.heading)}</span>' if record.heading else ""
    facts = [("where", record.place and code(record.place))]
    facts.append(("generated", record.generated and code(record.generated)))
    facts.append(("with cargo alone", record.command and code(record.command)))
    link = f'<a href="#{drawing}">see the drawing</a>' if drawing else ""
    facts.append(("the layout", link))
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts if value)
    inside = f"<dl>{listed}</dl>" if listed else ""
    if record.body.strip():
        inside += _block("Message", record.body)
    if record.output.strip():
        inside += f"<h3>Output</h3>{_block('Output', record.output)}"
    box = details(
        summary, f'<div class="inside">{inside}</div>', classes="failure bad", is_open=is_open
    )
    return box.replace("<details", f'<details id="{anchor}"', 1)


def _block(label: str, content: str) -> str:
    shown = text(content.strip("\n"))
    return f'<pre tabindex="0" role="region" aria-label="{label}">{shown}</pre>'


def pythons(facts: Facts) -> Section | None:
    """Return what fails on which of several Pythons."""
    ran = facts.comparison.ran
    if len(ran) < 2:
        return None
    rows = facts.comparison.rows()
    agreed = facts.comparison.agreement()
    if facts.incomplete:  # they have not run the same tests
        agreed = "" if rows else "no test had failed when the run ended early"
    aside = ", ".join(f"@{label}" for label in ran)
    said = f'<p class="said">{text(agreed)}</p>' if agreed else ""
    if not rows:
        return Section("Pythons", "Several Pythons", aside, said)
    # Those on which the Pythons differ come first.
    shown = sorted(rows.items(), key=lambda entry: (len(set(entry[1])) == 1, entry[0]))
    absent = _UNRUN if facts.incomplete else _ABSENT
    cells = (
        [code(test), *(mark(outcome) if outcome else absent for outcome in row)]
        for test, row in shown
    )
    heads = ["Test", *(f"@{label}" for label in ran)]
    matrix = table("What fails on which Python", heads, cells, "cards")
    body = f'{said}<div class="box">{scrolled("What fails on which Python", matrix)}</div>'
    return Section("Pythons", "What fails where", aside, body)


_ABSENT: Final = '<span class="said">does not exist</span>'
_UNRUN: Final = '<span class="said">did not run</span>'


def rules(facts: Facts) -> Section | None:
    """Return rules, the C compiler's opinion and layouts, by what they are called in ids."""
    found = [one for one in facts.records if one.kind in ("policy", "table", "abi", "layout")]
    groups = grouped(found, _rule)
    if not groups:
        return None
    words = [word for word in _ORDER if any(one.outcome == word for one in found)]
    cells = []
    for name, records in sorted(groups.items()):
        counts = [sum(one.outcome == word for one in records) for word in words]
        label = f'{code(name)}<br><span class="said">{text(_RULES.get(name, ""))}</span>'
        cells.append([label, *(_number(word, n) for word, n in zip(words, counts, strict=True))])
    heads = ["Rule", *(f"#{word}" for word in words)]
    body = table("Verdicts of each rule", heads, cells, "cards")
    whole = f'<div class="box">{scrolled("Rules", body)}</div>'
    return Section("Rules", "Layouts, comparisons with C, and policies", "", whole)


def _rule(record: Record) -> str:
    """Return what a rule is called: the levels of an id that are no name of a type or a file."""
    levels = record.name.split("::")
    at = next((index for index, level in enumerate(levels) if _is_rule(level)), None)
    if at is None:
        return "bindgen_test_layout" if record.kind == "layout" else record.kind
    deep = levels[at] in ("@abi", "@module", "@api")
    return "::".join(levels[at : at + 1 + deep])


def _is_rule(level: str) -> bool:
    names = ("abi", "module", "symbol", "unsafe", "twin", "metadata", "api", "fmt", "clippy")
    return level.startswith("@") and level[1:] in names


def skipped(facts: Facts) -> Section | None:
    """Return what did not run or was to fail, by the reason; and what is said beside verdicts."""
    quiet = [one for one in facts.records if one.outcome in ("skipped", "xfailed", "xpassed")]
    if not quiet and not facts.notes:
        return None
    boxes = []
    groups = grouped(quiet, lambda record: (record.outcome, record.reason))
    for (outcome, reason), records in sorted(groups.items(), key=lambda one: -len(one[1])):
        first, _, rest = (reason or "no reason given").partition("\n")
        summary = f'{mark(outcome)} {text(first)}<span class="count">{len(records)}</span>'
        more = _block("Reason", rest) if rest.strip() else ""
        names = items(code(record.nodeid) for record in records)
        boxes.append(details(summary, f'<div class="inside">{more}{names}</div>'))
    body = f'<div class="box">{"".join(boxes)}</div>' if boxes else ""
    if facts.notes:
        said = text("\n".join(facts.notes))
        body += (
            '<h3>Other lines of the summary</h3><pre tabindex="0" role="region" '
            f'aria-label="Other lines of the summary">{said}</pre>'
        )
    counts = ((facts.outcomes[word], word) for word in ("skipped", "xfailed", "xpassed"))
    aside = ", ".join(f"{number} {word}" for number, word in counts if number)
    return Section("Skipped", "Skipped and left out", aside, body)


def tests(facts: Facts) -> Section | None:
    """Return all tests, by package and file."""
    if not facts.records:
        return None
    anchors = {record.nodeid: anchor for anchor, record in facts.bad}
    boxes = []
    for package, records in grouped(facts.records, lambda record: record.package).items():
        boxes.append(f"<h3>{text(package or 'manifest')}</h3>")
        files = grouped(records, lambda record: record.file)
        shown = "".join(_file(file, inside, anchors) for file, inside in files.items())
        boxes.append(f'<div class="box">{shown}</div>')
    aside = counted(len(facts.records), "test")
    return Section("Tests", "All Rust tests", aside, _CHOICE + "".join(boxes))


_CHOICE: Final = (
    '<fieldset class="choice"><legend>Which tests are shown</legend>'
    '<input type="radio" name="show" id="show-all" checked><label for="show-all">all</label>'
    '<input type="radio" name="show" id="show-bad">'
    '<label for="show-bad">failed or not evaluated</label>'
    '<input type="radio" name="show" id="show-calm"><label for="show-calm">skipped</label>'
    "</fieldset>"
)


def _file(file: str, records: Sequence[Record], anchors: dict[str, str]) -> str:
    bad = sum(record.is_bad for record in records)
    calm = sum(tone(record.outcome) in ("calm", "warn") for record in records)
    classes = " ".join(["no-bad"] * (not bad) + ["no-calm"] * (not calm))
    summary = f'{code(file)}<span class="count">{len(records)}</span>'
    summary += f' <span class="mark bad">{bad} failed</span>' if bad else ""
    rows = "".join(_rows(records, anchors))
    body = (
        f'<table class="tests"><caption>Tests in {text(file)}</caption><thead><tr>'
        '<th scope="col">Test</th><th scope="col">Outcome</th>'
        '<th scope="col" class="n time">Seconds</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
    return details(summary, scrolled(f"Tests in {file}", body), classes=classes)


def _rows(records: Sequence[Record], anchors: dict[str, str]) -> Iterator[str]:
    for record in records:
        anchor = anchors.get(record.nodeid)
        name = code(record.name)
        name = f'<a href="#{anchor}">{name}</a>' if anchor else name
        shade = (
            "is-calm" if tone(record.outcome) in ("calm", "warn") else f"is-{tone(record.outcome)}"
        )
        yield (
            f'<tr class="{shade}"><th scope="row">{name}</th><td>{mark(record.outcome)}</td>'
            f'<td class="n time">{record.seconds:.2f}</td></tr>'
        )
