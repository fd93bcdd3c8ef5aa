"""A page as a browser reads it: what is open, ids, links, texts, and whatever would be loaded."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

__all__ = ["Page"]

_VOID: Final = ("meta", "br", "input")
_LOADING: Final = (
    "src",
    "srcset",
    "data",
    "action",
    "poster",
    "background",
    "xlink:href",
    "srcdoc",
)


class Page(HTMLParser):
    """A document that was read to its end. What is wrong with it is in ``faults``."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.texts: dict[str, list[str]] = {}
        """The texts in elements of each name."""
        self.classes: dict[str, int] = {}
        self._open: list[str] = []
        self.feed(document)
        self.close()
        self.faults += [f"{tag} is never closed" for tag in self._open]
        self.faults += [
            f"two elements are called {one}" for one in set(self.ids) if self.ids.count(one) > 1
        ]
        self.faults += [f"{link} leads nowhere" for link in self.links if link[1:] not in self.ids]

    @property
    def text(self) -> str:
        """All that is shown."""
        return "\n".join(
            one for tag, texts in self.texts.items() if tag != "style" for one in texts
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "class":
                for one in (value or "").split():
                    self.classes[one] = self.classes.get(one, 0) + 1
            elif name == "href":
                self.links.append(value or "")
                if not (value or "").startswith("#"):
                    self.faults.append(f"{tag} leads to {value}")
            elif name in _LOADING or name.startswith("on"):
                self.faults.append(f"{tag} has {name}={value}")
        if tag in ("script", "link", "iframe", "object", "embed", "img", "base"):
            self.faults.append(f"there is a {tag}")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"{tag} is closed within {self._open[-1:]}")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.texts.setdefault(self._open[-1], []).append(data)
        if self._open[-1:] == ["style"] and (
            "url(" in data.replace("url(#hatch)", "") or "@import" in data
        ):
            self.faults.append("a style loads something")
