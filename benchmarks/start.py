"""Measures what people wait for: the start of a run, each item, and a run after a change.

    python benchmarks/start.py [--rounds 9] [--only ROW ...]

Each row compares commands that run in turns. A ratio is the median of the ratios of all rounds,
with the lowest and the highest ratio in parentheses. There is one for wall-clock seconds, and one
for the processor seconds of all processes together. Prints a Markdown table. `docs/benchmarks.md`
explains the words in it:

- items: pytest with as many items that do nothing, without this plugin;
- no-op: ``cargo test --no-run`` with nothing to build.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.checkout import collecting
from benchmarks.measuring import (
    Sample,
    environment,
    in_turns,
    machine,
    pytest_command,
    run,
    site_packages,
)
from benchmarks.projects import (
    CONST,
    SLEEPING,
    copy,
    make_crate,
    make_floor,
    ordinary,
    trivial_crate,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

NO_OP = ("cargo", "test", "--no-run", "--quiet")
CARGO = ("cargo", "test", "--quiet")


class Figure(NamedTuple):
    """One line of the table: what, what is wanted, and figures of the clock and of processors."""

    work: str
    wanted: str
    wall: str
    processor: str
    seconds: str = ""


def ours(root: Path, *arguments: str, **more: str) -> Callable[[], Sample]:
    """Return the task of running a project with the plugin."""
    command = pytest_command("--cpython-sys", *arguments)
    return functools.partial(run, command, root, more, ends="0")


def items(root: Path, *arguments: str, **more: str) -> Callable[[], Sample]:
    """Return the task of running a project without the plugin."""
    command = pytest_command("-p", "no:cpython_sys", *arguments)
    return functools.partial(run, command, root, more, ends="0")


def program(root: Path, *command: str) -> Callable[[], Sample]:
    """Return the task of running a program that succeeds."""
    return functools.partial(run, command, root, ends="0")


def ratio(
    work: str,
    wanted: str,
    tasks: Mapping[str, Callable[[], Sample]],
    rounds: int,
    *,
    above: Sequence[str] = ("ours",),
    below: Sequence[str] = ("items",),
) -> Figure:
    """Compare two sums of tasks."""
    found = in_turns({name: tasks[name] for name in (*above, *below)}, rounds)
    return compared(work, wanted, found, above, below)


def compared(
    work: str,
    wanted: str,
    found: Sequence[Mapping[str, Sample]],
    above: Sequence[str],
    below: Sequence[str],
) -> Figure:
    """Return the figure of what was measured in turns."""

    def shown(field: str, form: str = ".2f") -> tuple[str, float, float]:
        pairs = [
            tuple(sum(getattr(taken[name], field) for name in names) for names in (above, below))
            for taken in found
        ]
        ratios = sorted(one / other for one, other in pairs)
        middle, low, high = statistics.median(ratios), ratios[0], ratios[-1]
        first, second = (statistics.median(part) for part in zip(*pairs, strict=True))
        return f"**{middle:{form}}** ({low:{form}} to {high:{form}})", first, second

    wall, first, second = shown("wall")
    processor, *_ = shown("processor")
    return Figure(work, wanted, wall, processor, f"{first:.2f} / {second:.2f}")


# -- the rows ---------------------------------------------------------------------------------

# Written to the environment's start for one row: notes how long each module takes to import,
# without those that it imports in turn. All that pytest does for an import is in it.
TIMER = """
import atexit, json, os, sys, _frozen_importlib as machinery
from time import perf_counter, thread_time
find, nested, taken = machinery._find_and_load, {}, {}
def timed(name, *rest):
    import _thread
    stack = nested.setdefault(_thread.get_ident(), [[0.0, 0.0]])
    stack.append([0.0, 0.0])
    wall, processor = perf_counter(), thread_time()
    try:
        return find(name, *rest)
    finally:
        wall, processor = perf_counter() - wall, thread_time() - processor
        inner = stack.pop()
        stack[-1][0] += wall
        stack[-1][1] += processor
        before = taken.get(name, (0.0, 0.0))
        own = wall - inner[0], processor - inner[1]
        taken[name] = before[0] + own[0], before[1] + own[1]
machinery._find_and_load = timed
def write():
    with open(os.environ["IMPORT_TIMES"], "w") as file:
        json.dump(taken, file)
pid = os.getpid()
atexit.register(lambda: os.getpid() == pid and write())
"""


def imports(directory: Path, rounds: int) -> Iterator[Figure]:
    """Add up the imports of a run that a run of items without the plugin does not need."""
    root, floor = trivial_crate(directory, "imports", 20), make_floor(directory, 20)
    (directory / "sitecustomize.py").write_text(TIMER)
    times = str(directory / "times.json")
    more = {"PYTHONPATH": str(directory), "IMPORT_TIMES": times}

    def imported(task: Callable[[], Sample]) -> dict[str, tuple[float, float]]:
        task()
        found: dict[str, tuple[float, float]] = json.loads(Path(times).read_text())
        return found

    ours(root)()
    known = imported(items(floor, **more)).keys()
    wall, processor, count = [], [], []
    for _ in range(rounds + 1):
        found = [taken for name, taken in imported(ours(root, **more)).items() if name not in known]
        count.append(len(found))
        wall.append(1000 * sum(taken[0] for taken in found))
        processor.append(1000 * sum(taken[1] for taken in found))
    shown = [
        f"**{statistics.median(part[1:]):.0f} ms** ({min(part[1:]):.0f} to {max(part[1:]):.0f})"
        for part in (wall, processor)
    ]
    work = f"import of the plugin ({count[-1]} modules)"
    yield Figure(work, "45 ms", *shown)


def few(directory: Path, rounds: int) -> Iterator[Figure]:
    """Time a small crate."""
    root, floor = trivial_crate(directory, "few", 20), make_floor(directory, 20)
    tasks = {"ours": ours(root), "items": items(floor), "no-op": program(root, *NO_OP)}
    below = ("items", "no-op")
    yield ratio("20 tests, warm / (items + no-op)", "1.2", tasks, rounds, below=below)


def bytecode(directory: Path, rounds: int) -> Iterator[Figure]:
    """Time a small crate if Python writes no bytecode."""
    root, floor = trivial_crate(directory, "bytecode", 20), make_floor(directory, 20)
    more = {"PYTHONDONTWRITEBYTECODE": "1"}
    for path in site_packages().rglob("*-pytest-*.pyc"):
        path.unlink()  # an earlier row's
    tasks = {
        "ours": ours(root, **more),
        "items": items(floor, **more),
        "no-op": program(root, *NO_OP),
    }
    work = "20 tests, with `PYTHONDONTWRITEBYTECODE=1` / (items + no-op)"
    yield ratio(work, "1.3", tasks, rounds, below=("items", "no-op"))


def many(directory: Path, rounds: int) -> Iterator[Figure]:
    """Time 3,000 tests."""
    root, floor = trivial_crate(directory, "many", 3000), make_floor(directory, 3000)
    tasks = {"ours": ours(root), "items": items(floor)}
    yield ratio("3,000 tests, warm / items", "0.85", tasks, rounds)


def nextest(directory: Path, rounds: int) -> Iterator[Figure]:
    """Time nextest with a process for each of 3,000 tests."""
    root = trivial_crate(directory, "nextest", 3000)
    tasks = {"ours": ours(root), "nextest": program(root, "cargo", "nextest", "run")}
    work = "3,000 tests, `cargo nextest run` / pytest"
    yield ratio(work, "10 at least", tasks, rounds, above=("nextest",), below=("ours",))


def layouts(directory: Path, rounds: int) -> Iterator[Figure]:
    """Time 1,400 compile-time layouts, once run and once collected."""
    root, floor = make_crate(directory, "layouts", 1400, CONST), make_floor(directory, 1400)
    tasks = {"ours": ours(root), "items": items(floor), "no-op": program(root, *NO_OP)}
    work = "1,400 compile-time layout tests, warm / (items + no-op)"
    yield ratio(work, "1.0", tasks, rounds, below=("items", "no-op"))


def collect(directory: Path, rounds: int) -> Iterator[Figure]:
    """Time the collection of 1,400 layouts."""
    root, floor = make_crate(directory, "layouts", 1400, CONST), make_floor(directory, 1400)
    tasks = {"ours": ours(root, "--collect-only"), "items": items(floor, "--collect-only")}
    work = "`--collect-only`, 1,400 compile-time layout tests, warm / items"
    yield ratio(work, "1.2", tasks, rounds)


def checkout(directory: Path, rounds: int) -> Iterator[Figure]:
    """Time the collection at the root of a checkout of CPython."""
    work = "`--collect-only` at the root of a CPython checkout"
    try:
        for what, tasks in collecting(directory):
            found = in_turns(tasks, rounds)
            yield compared(
                f"{work}, {what} / (items + no-op)", "1.4", found, ("ours",), ("items", "no-op")
            )
    except LookupError as error:
        yield Figure(work, "1.4", f"not measured: {error}", "")


def edit(directory: Path, rounds: int) -> Iterator[Figure]:
    """Time what it takes from a change in one test to all verdicts."""
    root = trivial_crate(directory, "edit", 3000)
    numbers = itertools.count()

    def changed(where: Path, task: Callable[[], Sample]) -> Sample:
        file = where / "src" / "lib.rs"
        lines = file.read_text().split("\n")
        lines[1500] = f"#[test] fn changed() {{ assert_ne!({next(numbers)}, -1); }}"
        file.write_text("\n".join(lines))
        return task()

    other = copy(root, "other")
    tasks = {
        "ours": functools.partial(changed, root, ours(root)),
        "cargo": functools.partial(changed, other, program(other, *CARGO)),
    }
    work = "a run after a change in one of 3,000 tests / `cargo test`"
    yield ratio(work, "1.1", tasks, rounds, below=("cargo",))


def ordinary_way(directory: Path, rounds: int) -> Iterator[Figure]:
    """Time 3,000 tests if a conftest file has a hook that runs in pytest's phases."""
    root = ordinary(trivial_crate(directory, "ordinary", 3000))
    floor = ordinary(make_floor(directory, 3000))
    tasks = {"ours": ours(root), "items": items(floor)}
    work = "3,000 tests in all of pytest's phases / items"
    yield ratio(work, "1.15", tasks, rounds)


def sleepers(directory: Path, rounds: int) -> Iterator[Figure]:
    """Time 40 tests that sleep."""
    root = trivial_crate(directory, "sleepers", 40, test=SLEEPING)
    tasks = {"ours": ours(root), "n2": ours(root, "-n2"), "cargo": program(root, *CARGO)}
    found = in_turns(tasks, rounds)
    work = "40 tests that sleep 100 ms"
    yield compared(f"{work} / `cargo test`", "1.1", found, ("ours",), ("cargo",))
    yield compared(f"{work}, with `-n2` / `cargo test`", "", found, ("n2",), ("cargo",))


def growth(directory: Path, rounds: int) -> Iterator[Figure]:
    """Time 30,000 tests, and look at the memory of pytest's process."""
    root, floor = trivial_crate(directory, "grown", 30_000), make_floor(directory, 30_000)
    small = trivial_crate(directory, "small", 3000)
    found = in_turns({"ours": ours(root), "items": items(floor), "small": ours(small)}, rounds)
    yield compared("30,000 tests / 3,000 tests", "10", found, ("ours",), ("small",))
    mine, theirs = (
        statistics.median(taken[name].memory for taken in found) for name in ("ours", "items")
    )
    work = "peak memory with 30,000 tests / items"
    yield Figure(work, "1.3", f"**{mine / theirs:.2f}**", "", f"{mine:.0f} / {theirs:.0f} MB")


def off(directory: Path, rounds: int) -> Iterator[Figure]:
    """Time what the plugin costs a run of Python tests alone, where it is not switched on."""
    root = directory / "off"
    root.mkdir()
    (root / "test_one.py").write_text("def test_one(): pass\n")
    plain = functools.partial(run, pytest_command(), root, ends="0")
    found = in_turns({"plain": plain, "without": items(root)}, rounds * 5)
    shown = []
    for field in ("wall", "processor"):
        more = [
            1000 * (getattr(taken["plain"], field) - getattr(taken["without"], field))
            for taken in found
        ]
        low, _, high = statistics.quantiles(more, n=4)
        shown.append(f"**{statistics.median(more):.1f} ms** (half: {low:.1f} to {high:.1f})")
    yield Figure(
        "time added to a run of Python tests if the plugin is not turned on", "5 ms", *shown
    )


def crash(directory: Path, rounds: int) -> Iterator[Figure]:
    """Time what a test costs that ends the process, on two threads."""
    more = {"RUST_TEST_THREADS": "2"}
    abort = "#[test] fn t1500_crash() { std::process::abort() }\n"
    calm, loud = (
        trivial_crate(directory, "calm", 3000),
        trivial_crate(directory, "loud", 3000, abort),
    )
    fails = functools.partial(run, pytest_command("--cpython-sys"), loud, more, ends="1")
    tasks: dict[str, Callable[[], Sample]] = {"ours": fails, "calm": ours(calm, **more)}
    yield ratio("3,000 tests and one that aborts / 3,000 tests", "", tasks, rounds, below=("calm",))


ROWS: dict[str, Callable[[Path, int], Iterator[Figure]]] = {
    "import": imports,
    "few": few,
    "bytecode": bytecode,
    "many": many,
    "nextest": nextest,
    "layouts": layouts,
    "collect": collect,
    "checkout": checkout,
    "edit": edit,
    "ordinary": ordinary_way,
    "sleepers": sleepers,
    "growth": growth,
    "off": off,
    "crash": crash,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    options = parser.parse_args()
    environment()
    print(f"{machine()}; {options.rounds} rounds\n")
    print("| work | wanted | wall clock | processors | s |\n|---|---:|---:|---:|---:|", flush=True)
    for name in options.only:
        with tempfile.TemporaryDirectory() as directory:
            for figure in ROWS[name](Path(directory).resolve(), options.rounds):
                print(f"| {' | '.join(figure)} |", flush=True)


if __name__ == "__main__":
    main()
