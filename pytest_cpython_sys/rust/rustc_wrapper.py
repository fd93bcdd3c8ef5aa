"""The program between cargo and rustc in the second build. It runs alone, as a script.

    rustc_wrapper.py PLAN [WRAPPER] RUSTC ARGUMENTS...

Crates that the plan names are compiled from rewritten sources, all others as they are. Compiled is
the tree ``tested``, in which what fails is left out; beside it rustc looks at the tree ``split``
and says all that fails. Its words are kept in a file: where nothing has changed, cargo will not
call it again. See https://doc.rust-lang.org/cargo/reference/config.html#buildrustc-wrapper
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from typing import Any


def _value(words: list[str], name: str, prefix: str = "") -> str:
    """Return what follows an option."""
    for word, following in itertools.pairwise(words):
        if word == name and following.startswith(prefix):
            return following[len(prefix) :]
    return ""


def _out_dir(crate: dict[str, Any]) -> str:
    """Return where the first build had the generated files of this compilation, if it has any.

    A crate that is compiled in two ways has a directory for each, whose name is the same here.
    """
    known: dict[str, str] = crate["out_dirs"]
    name = os.path.basename(os.path.dirname(os.environ.get("OUT_DIR", "")))
    return known.get(name) or (next(iter(known.values())) if len(known) == 1 else "")


def _environment(tree: str, crate: dict[str, Any]) -> dict[str, str]:
    """Return the environment in which the sources of a tree find its generated files."""
    out_dir = _out_dir(crate)
    return {**os.environ, **({crate["variable"]: tree + out_dir} if out_dir else {})}


def _moved(words: list[str], root: str, tree: str, crate: dict[str, Any]) -> list[str]:
    """Return a compiler call that reads a tree, and names its files as cargo would have it."""
    here = os.getcwd()
    places = [(tree + os.sep, os.sep), (tree + here + os.sep, "")]
    out_dir = _out_dir(crate)
    if out_dir:
        places.append((tree + out_dir, out_dir))
    moved = [tree + os.path.abspath(root) if word == root else word for word in words]
    # The last that fits is the one that counts.
    return [*moved, *(f"--remap-path-prefix={old}={new}" for old, new in places)]


def _looking(words: list[str], directory: str) -> list[str]:
    """Return a call that checks all constants and makes as little as possible."""
    found: list[str] = []
    skip = False
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if skip:
            skip = False
        elif word == "--out-dir" or (word == "-C" and following.startswith("incremental=")):
            skip = True
        elif word.startswith("--emit"):
            skip = word == "--emit"
        else:
            found.append(word)
    if not any(word.startswith("--cap-lints") for word in words):
        found.append("--cap-lints=allow")
    return [*found, "--emit=metadata", "--out-dir", directory]


def _relist(path: str, tree: str, crate: dict[str, Any]) -> None:
    """Name the original files in a dep-info file: cargo watches what stands there.

    Beside them comes a file that is touched when the crate must be compiled again.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError:
        return
    out_dir = _out_dir(crate)
    if out_dir:
        own = os.environ.get("OUT_DIR", out_dir)
        text = text.replace(_escaped(tree + out_dir), _escaped(own))
    lines = text.replace(_escaped(tree + os.sep), os.sep).split("\n")
    # Cargo does not know the variable, and would compile the crate again for it.
    lines = [line for line in lines if not line.startswith(f"# env-dep:{crate['variable']}=")]
    first = next((index for index, line in enumerate(lines) if ": " in line), None)
    if first is not None:
        lines[first] += f" {_escaped(crate['stamp'])}"
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write("\n".join(lines))


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace(" ", "\\ ")


def _compile(plan: dict[str, str], crate: dict[str, Any], words: list[str], root: str) -> int:
    name = _value(words, "--crate-name") + _value(words, "-C", "extra-filename=")
    scratch = tempfile.mkdtemp(dir=plan["results"])
    # Jobserver's descriptors are inherited.
    tested = subprocess.Popen(
        _moved(words, root, plan["tested"], crate),
        env=_environment(plan["tested"], crate),
        close_fds=False,
    )
    looked = subprocess.run(
        _looking(_moved(words, root, plan["split"], crate), scratch),
        env=_environment(plan["split"], crate),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        close_fds=False,
        check=False,
    )
    lines = looked.stderr.decode("utf-8", "replace").splitlines()
    code = tested.wait()
    shutil.rmtree(scratch, ignore_errors=True)
    depinfo = os.path.join(_value(words, "--out-dir"), f"{name}.d")
    _relist(depinfo, plan["tested"], crate)
    kept = {"root": os.path.abspath(root), "digest": crate["digest"], "lines": lines}
    with open(os.path.join(plan["results"], f"{name}.json"), "w", encoding="utf-8") as file:
        json.dump(kept, file)
    return code if code >= 0 else 128 - code


def main(arguments: list[str]) -> int:
    """Compile one crate, and return the exit code."""
    with open(arguments[0], encoding="utf-8") as file:
        plan = json.load(file)
    words = arguments[1:]
    root = next((word for word in words if word.endswith(".rs")), "")
    crate = plan["crates"].get(os.path.abspath(root)) if root else None
    if crate is not None and "--crate-name" in words:
        return _compile(plan, crate, words, root)
    command = [plan["wrapper"], *words] if plan["wrapper"] else words
    os.execvp(command[0], command)  # noqa: S606 - rustc, as cargo wanted it
    raise AssertionError


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
