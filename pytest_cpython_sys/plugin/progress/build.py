"""Shows how it goes on before there are tests: what is built, or which program is at work."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from ...cargo import in_this_run, running_programs
from .screen import screen_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    import pytest

    from .screen import Screen

__all__ = ["Progress", "in_words", "shown_progress"]

# Together with pytest's own start, the first sign is there within three seconds.
_FIRST_SECONDS: Final = 0.5
_LINE_SECONDS: Final = 30.0
_REWRITE_SECONDS: Final = 1.0
_SOON_SECONDS: Final = 0.1
_TICK_SECONDS: Final = 0.25
_LOOKING: Final = "looking for tests"


class Progress:
    """A listener for builds that shows by itself that time goes by.

    On a terminal one line is rewritten every second, elsewhere there is one every thirty seconds;
    there is none of what is over at once.
    """

    def __init__(
        self,
        screen: Screen,
        *,
        clock: Callable[[], float] = time.monotonic,
        programs: Callable[[], Sequence[Sequence[str]]] = running_programs,
    ) -> None:
        self._screen = screen
        self._clock = clock
        self._programs = programs
        self._started = clock()
        self._shown: float | None = None
        """When something was shown."""
        self._rewritten = False
        self._blocked: set[str] = set()
        """What was said to be waited for: cargo may wait for the same thing again and again."""
        self._building = ""
        """What a build says of itself, while there is one that says something."""
        self._latest = _LOOKING
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._timer = threading.Thread(target=in_this_run(self._tick_on), daemon=True)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave no half line behind; say what was interrupted."""
        self._over.set()
        self._timer.join()
        with self._lock:
            self._erase()
            if kind is not None and issubclass(kind, KeyboardInterrupt):
                seconds = f"{self._clock() - self._started:.0f} s"
                words = self._building or self._latest
                self._screen.write_line(f"interrupted after {seconds}: {words}")

    # -- what a build tells ---------------------------------------------------------------------

    def progress(self, done: int, total: int, current: str) -> None:
        """``done`` of ``total`` crates are there; ``current`` names those in work."""
        with self._lock:
            self._building = f"building {done}/{total}: {current}"
            self._show(_SOON_SECONDS)

    def blocked(self, reason: str) -> None:
        """Say at once what is being waited for."""
        with self._lock:
            self._building = f"cargo is {reason}"
            if self._over.is_set() or reason in self._blocked:
                return
            self._blocked.add(reason)
            self._erase()
            self._screen.write_line(
                f"{self._building}: another cargo is running, probably one that an editor started"
            )
            self._shown = self._clock()

    def ended(self) -> None:
        """Take note that a build has come to its end."""
        with self._lock:
            self._building = ""

    # -- what is shown --------------------------------------------------------------------------

    def tick(self) -> None:
        """Show what is being done, if it is time to."""
        programs = self._programs()
        with self._lock:
            self._latest = f"waiting for {in_words(programs[0])}" if programs else _LOOKING
            self._show(_REWRITE_SECONDS)

    def _tick_on(self) -> None:
        # Nobody looks any more where writing is refused.
        with contextlib.suppress(OSError, ValueError):
            self.tick()
            while not self._over.wait(_TICK_SECONDS):
                self.tick()

    def _show(self, rewritten_after: float) -> None:
        now = self._clock()
        is_terminal = self._screen.width is not None
        pause = rewritten_after if is_terminal else _LINE_SECONDS
        if self._over.is_set() or now - self._started < _FIRST_SECONDS:
            return
        if self._shown is not None and now - self._shown < pause:
            return
        self._shown = now
        words, end = self._building or self._latest, self._time(now)
        if is_terminal:
            self._screen.rewrite(words, end)
            self._rewritten = True
        else:
            self._screen.write_line(f"{words}{end}")

    def _time(self, now: float) -> str:
        seconds = round(now - self._started)
        return f" ({seconds} s)" if seconds else ""

    def _erase(self) -> None:
        if self._rewritten:
            self._screen.rewrite("")
            self._rewritten = False


def in_words(program: Sequence[str]) -> str:
    """Return how a program is called by people: of cargo, with what it is to do."""
    name = os.path.basename(program[0])
    if name.removesuffix(".exe") != "cargo":
        return name
    return " ".join([name, *[word for word in program[1:] if word[:1] not in ("+", "-")][:1]])


@contextlib.contextmanager
def shown_progress(config: pytest.Config) -> Iterator[Progress | None]:
    """Show what is done meanwhile where pytest reports; None where nobody would see it."""
    with screen_of(config) as screen:
        if screen is None:
            yield None
            return
        with Progress(screen) as progress:
            yield progress
