"""Compares pyo3-ffi, which is written by hand, with the headers of some Pythons.

    python benchmarks/pyo3_ffi.py [--release VERSION] PYTHON...

Downloads the newest release, or the given one, once (through cargo). Prints every item that fails,
with both declarations and the Pythons with which it fails. A person must check each failure in the
headers: it is real, or a false alarm. `docs/developers/notes.md` has the results.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "crates"
HEADERS = ("Python.h", "datetime.h", "frameobject.h", "structmember.h", "marshal.h")
SUMMARY = re.compile(r"^pyo3-ffi.*$", re.MULTILINE)


def fetch(release: str) -> Path:
    """Return the directory of a release's sources, as a workspace with a header of its own."""
    kept = sorted(CACHE.glob("pyo3-ffi-*")) if release == "*" else [CACHE / f"pyo3-ffi-{release}"]
    if kept and kept[-1].is_dir():
        return kept[-1]
    with tempfile.TemporaryDirectory() as scratch:
        manifest = Path(scratch) / "Cargo.toml"
        wanted = release if release == "*" else f"={release}"
        manifest.write_text(
            '[package]\nname = "scratch"\nversion = "0.0.0"\nedition = "2021"\n'
            f'[lib]\npath = "lib.rs"\n[dependencies]\npyo3-ffi = "{wanted}"\n',
            encoding="utf-8",
        )
        (manifest.parent / "lib.rs").touch()
        subprocess.run(
            ["cargo", "vendor", "--versioned-dirs", "vendor"],
            cwd=scratch,
            capture_output=True,
            check=True,
        )
        found = next((manifest.parent / "vendor").glob("pyo3-ffi-[0-9]*"))
        directory = CACHE / found.name
        CACHE.mkdir(parents=True, exist_ok=True)
        shutil.copytree(found, directory)
    with (directory / "Cargo.toml").open("a", encoding="utf-8") as file:
        file.write('\n[package.metadata.cpython-sys]\nheader = "compared.h"\n\n[workspace]\n')
    (directory / "compared.h").write_text(
        "".join(f"#include <{name}>\n" for name in HEADERS), encoding="utf-8"
    )
    return directory


def compare(directory: Path, python: str) -> tuple[dict[str, str], int, str]:
    """Return the items that fail, with the words about each, the number of items, the summary."""
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log.json"
        command = [sys.executable, "-m", "pytest", "--cpython-sys", "-q", "-m", "rust_abi"]
        command += [f"--rootdir={directory}", "-c", os.devnull, "-p", "no:cacheprovider"]
        command += ["--cargo-no-doctests", f"--cpython-sys-python={python}"]
        command += [f"--report-log={log}"]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise SystemExit(done.stdout + done.stderr)
        failed, count = {}, 0
        for line in log.read_text(encoding="utf-8").splitlines():
            report = json.loads(line)
            if report.get("$report_type") != "TestReport":
                continue
            count += report["when"] == "setup"
            if report["outcome"] == "failed":
                name = report["nodeid"].partition("@abi::")[2]
                failed[name] = report["longrepr"]["reprtraceback"]["reprentries"][0]["data"][
                    "lines"
                ][0]
    return failed, count, "\n".join(SUMMARY.findall(done.stdout))


def main() -> None:
    """Print what fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pythons", metavar="PYTHON", nargs="+")
    parser.add_argument("--release", default="*")
    options = parser.parse_args()
    directory = fetch(options.release)
    print(directory.name)
    found: dict[str, dict[str, str]] = {}
    for python in options.pythons:
        failed, count, summary = compare(directory, python)
        print(f"{python}: {count} items, {len(failed)} failed\n{summary}")
        for name, words in failed.items():
            found.setdefault(name, {})[python] = words
    for name, words_by_python in sorted(found.items()):
        where = "" if len(words_by_python) == len(options.pythons) else ", ".join(words_by_python)
        print(f"\n{name} {f'(only with {where})' if where else ''}".rstrip())
        print(next(iter(words_by_python.values())).rstrip())


if __name__ == "__main__":
    main()
