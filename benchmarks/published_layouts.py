"""Compares pytest's layout items with the layout blocks that rustc evaluates, in published crates.

``python benchmarks/published_layouts.py [CRATE...]`` downloads each crate once (through cargo), and
changes every recorded size in a copy to a wrong one. rustc then reports an E0080 for each block
that it compiles. In the unchanged crate, each of these blocks must be one item that passes, and
there must be no other layout item. Prints a Markdown table. The exit code is 1 if something
differs, and 2 if there is nothing to compare.
"""

from __future__ import annotations

import argparse
import json
import os.path
import re
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.differential import UnavailableError, call, fetch

CRATES = {
    "cryptoki-sys": ("0.5.0", ""),
    "iommufd-bindings": ("0.2.0", ""),
    "kvm-bindings": ("0.14.2", ""),
    "mshv-bindings": ("0.7.1", ""),
    "perf-event-open-sys": ("7.1.0", ""),
    "pq-sys": ("0.7.8", "bundled_without_openssl"),
    "rquickjs-sys": ("0.14.0", ""),
    "vfio-bindings": ("0.7.0", ""),
    "virtio-bindings": ("0.2.7", ""),
}
# These need what the name says of Debian's packages, and run when they are named.
MORE = {
    "libdrm_amdgpu_sys": ("0.8.3", ""),  # libdrm-dev
    "mysqlclient-sys": ("0.5.2", ""),  # libmariadb-dev
}
_SIZE = re.compile(rb"(size_of::<[^\"]*?>\(\s*\)\s*-\s*)([0-9]+)(usize)")
_BLOCK = re.compile(rb"const\s+_\s*:\s*\(\)\s*=")


def evaluated(directory: Path, features: str) -> set[str]:
    """Return file and line of each block that rustc evaluates."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / directory.name
        shutil.copytree(directory, copy, ignore=shutil.ignore_patterns("target"))
        for path in copy.rglob("*.rs"):
            text = path.read_bytes()
            changed = _SIZE.sub(lambda match: match[1] + b"9" + match[2] + match[3], text)
            if changed != text:
                path.write_bytes(changed)
        command = ["cargo", "check", "--tests", "--keep-going", "--message-format=json"]
        done = call([*command, f"--features={features}"], copy)
        found = set()
        for line in done.stdout.splitlines():
            message = json.loads(line).get("message")
            if not isinstance(message, dict) or (message.get("code") or {}).get("code") != "E0080":
                continue
            span = next(span for span in message["spans"] if span["is_primary"])
            text = (copy / span["file_name"]).read_bytes()
            starts = [match.start() for match in _BLOCK.finditer(text, 0, span["byte_start"])]
            line_number = text.count(b"\n", 0, starts[-1]) + 1
            found.add(f"{_place(span['file_name'], copy)}:{line_number}")
        return found


def _place(file: str, root: Path) -> str:
    """Return a file as a property names it: a generated one by its name alone."""
    return Path(file).name if "/out/" in file else os.path.relpath(root / file, root)


def shown(directory: Path, features: str) -> tuple[list[str], set[str], int]:
    """Return the places of the layout items that pass, those of all others, and the exit code."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "junit.xml"
        command = [sys.executable, "-m", "pytest", "--cpython-sys", f"--junitxml={report}"]
        command += ["-p", "no:cacheprovider", "-p", "no:randomly", "--rootdir=.", "-c", "/dev/null"]
        done = call([*command, f"--cargo-features={features}", "-m", "rust_layout"], directory)
        cases = list(ET.parse(report).iter("testcase"))
    passed, others = [], set()
    for case in cases:
        known = {item.get("name", ""): item.get("value", "") for item in case.iter("property")}
        if "--no-run" not in known.get("command", ""):
            continue  # a test of the old style, which runs, or one in Python
        source = known.get("generated") or known["source"]
        if {child.tag for child in case} <= {"properties", "system-out"}:
            passed.append(source)
        else:
            others.add(source)
    return passed, others, done.returncode


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "crates",
        nargs="*",
        help=f"of {', '.join((*CRATES, *MORE))}; default: all of the first {len(CRATES)}",
    )
    bad = 0
    print("| crate | blocks that rustc evaluates | items that pass | differ |")
    print("|---|---:|---:|---:|")
    for name in parser.parse_args().crates or CRATES:
        version, features = (CRATES | MORE)[name]
        try:
            directory = fetch(name, version)
        except UnavailableError as error:
            print(error, file=sys.stderr)
            return 2
        truth = evaluated(directory, features)
        if not truth:
            print(
                f"{name} {version}: rustc evaluates no layout block of this crate", file=sys.stderr
            )
            return 2
        passed, others, code = shown(directory, features)
        differ = truth.symmetric_difference(passed) | others
        count = len(differ) + len(passed) - len(set(passed)) + (code not in (0, 5))
        bad += count
        print(f"| {name} {version} | {len(truth)} | {len(passed)} | {count} |", flush=True)
        for place in sorted(differ)[:5]:
            print(f"    {place}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
