"""What manifests say of a module, and the one rule that makes a name of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_cpython_sys.cargo import Package, Target
from pytest_cpython_sys.cargo.metadata import Dependency
from pytest_cpython_sys.extensions.manifests import Told, all_told, told
from pytest_cpython_sys.extensions.place import ExtensionError, Place, find_place
from pytest_cpython_sys.extensions.told import CargoArguments, cargo_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MATURIN = '[build-system]\nrequires = ["maturin"]\nbuild-backend = "maturin"\n[tool.maturin]\n'
SETUPTOOLS = (
    '[build-system]\nrequires = ["setuptools-rust"]\nbuild-backend = "setuptools.build_meta"\n'
)
EXT = "[[tool.setuptools-rust.ext-modules]]\n"
HAM = 'target = "ham._ham"\n'
RUST = '[package]\nname = "ham-crate"\nversion = "0.1.0"\n'


def package(root: Path, *, needs: str = "pyo3", **more: Any) -> Package:
    """A package ``ham-crate`` whose library is called as it is itself."""
    root.mkdir(parents=True, exist_ok=True)
    manifest = root / "Cargo.toml"
    if not manifest.exists():
        manifest.write_text(RUST, encoding="utf-8")
    library = Target("ham-crate", "lib", more.pop("types", ("cdylib",)), str(root / "src/lib.rs"))
    targets = (library, *more.pop("targets", ()))
    dependencies = (Dependency(needs, "normal", None),)
    return Package("ham", "ham-crate", "0.1.0", str(manifest), targets, dependencies, **more)


def said(root: Path, files: Mapping[str, str], crate: str = ".", **more: Any) -> Told | None:
    """Return what is said of the crate in a directory, with these files around it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return told(package((root / crate).resolve(), **more))


def named(root: Path, files: Mapping[str, str], crate: str = ".") -> tuple[object, object]:
    """Return the name that is said, and the place relative to the root."""
    word = said(root, files, crate)
    assert word is not None
    source = word.source
    return word.name, source.removeprefix(str(root.resolve())).lstrip("/") if source else source


# -- maturin -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "[tool", "[tool.ruff]\n", "tool = 1\n"])
def test_nobody_says_anything(tmp_path: Path, text: str) -> None:
    assert said(tmp_path, {"pyproject.toml": text}) is None


@pytest.mark.parametrize(
    ("pyproject", "files", "name", "source"),
    [
        ("", {"Cargo.toml": RUST + '[lib]\nname = "ham"\n'}, "ham", None),
        ("", {"Cargo.toml": RUST + '[lib]\nname = "ham"\n', "ham/__init__.py": ""}, "ham.ham", ""),
        ('module-name = "ham._ham"', {"ham/__init__.py": ""}, "ham._ham", ""),
        # A package without ``__init__.py`` is one as well; a crate is none.
        ('module-name = "ham._ham"', {"ham/sub/__init__.py": ""}, "ham._ham", ""),
        ('module-name = "ham._ham"', {"ham/Cargo.toml": ""}, "_ham", None),
        # maturin looks into neither directory if nobody says so.
        ('module-name = "ham._ham"', {"src/ham/__init__.py": ""}, "_ham", None),
        ('module-name = "ham._ham"', {"python/ham/__init__.py": ""}, "_ham", None),
        (
            'module-name = "ham._ham"\npython-source = "python"',
            {"python/ham/__init__.py": "", "ham/__init__.py": ""},
            "ham._ham",
            "python",
        ),
        ('module-name = "ham.a._ham"', {"ham/a/__init__.py": ""}, "ham.a._ham", ""),
        ('module-name = "ham"\n[project]\nname = "x"\n', {}, "ham", None),
        ('[project]\nname = "spam"\n', {}, "spam", None),
    ],
)
def test_where_maturin_puts_it(
    tmp_path: Path, pyproject: str, files: dict[str, str], name: str, source: str | None
) -> None:
    assert named(tmp_path, {"pyproject.toml": MATURIN + pyproject, **files}) == (name, source)


def test_python_in_src_and_rust_in_rust(tmp_path: Path) -> None:
    """maturin finds this layout by itself."""
    text = MATURIN + 'module-name = "my_ham._ham"\n[project]\nname = "my-ham"\n'
    files = {"pyproject.toml": text, "src/my_ham/__init__.py": ""}
    assert named(tmp_path, files, "rust") == ("my_ham._ham", "src")


def test_a_crate_far_below(tmp_path: Path) -> None:
    path = 'manifest-path = "rust/bindings/native/Cargo.toml"\nmodule-name = "ham._ham"\n'
    files = {"pyproject.toml": MATURIN + path, "ham/__init__.py": ""}
    assert named(tmp_path, files, "rust/bindings/native") == ("ham._ham", "")
    assert said(tmp_path, files, "rust/bindings/other") is None


def test_the_nearest_project_counts(tmp_path: Path) -> None:
    path = MATURIN + 'manifest-path = "rust/Cargo.toml"\nmodule-name = "outer"\n'
    files = {"pyproject.toml": path, "rust/pyproject.toml": MATURIN + 'module-name = "inner"\n'}
    assert named(tmp_path, files, "rust") == ("inner", None)
    files["rust/pyproject.toml"] = "[tool.ruff]\n"
    assert named(tmp_path, files, "rust") == ("outer", None)


def test_how_maturin_builds_it(tmp_path: Path) -> None:
    settings = """
features = [
    "a",
    { feature = "new", python-version = ">=3.9" },
    { feature = "no", python-version = "<3.9" },
    { feature = "pypy", python-implementation = "pypy" },
]
no-default-features = true
profile = "release"
editable-profile = "dev-opt"
[project]
name = "ham-dist"
"""
    word = said(tmp_path, {"pyproject.toml": MATURIN + settings})
    assert word is not None
    assert word.features == ("a", "new")
    assert (word.no_default_features, word.all_features) == (True, False)
    assert word.profile == "dev-opt"
    assert (word.distribution, word.backend) == ("ham-dist", "maturin")
    assert (word.directory, word.manifest) == (str(tmp_path), str(tmp_path / "pyproject.toml"))


@pytest.mark.parametrize(
    ("specifiers", "fits"),
    [
        (">=3.8", True),
        ("<3.8", False),
        (">3.8,<99", True),
        ("==RUNNING", True),
        ("==3.*", True),
        ("!=RUNNING", False),
        ("~=3.8", True),
        ("~=2.8", False),
        ("<=3.8", False),
        ("nonsense", False),
    ],
)
def test_features_for_some_pythons(tmp_path: Path, specifiers: str, fits: bool) -> None:
    specifiers = specifiers.replace("RUNNING", f"3.{sys.version_info.minor}")
    text = f'features = [{{ feature = "a", python-version = "{specifiers}" }}]\n'
    word = said(tmp_path, {"pyproject.toml": MATURIN + text})
    assert word is not None
    assert word.features == (("a",) if fits else ())


@pytest.mark.parametrize(
    ("settings", "needs", "types", "bindings"),
    [
        ("", "pyo3", ("cdylib",), "pyo3"),
        ("", "pyo3-ffi", ("cdylib", "rlib"), "pyo3"),
        ("", "serde", ("cdylib",), "cffi"),
        ("", "uniffi", ("cdylib",), "uniffi"),
        ("", "numpy", ("cdylib",), "pyo3"),
        ("", "pyo3", ("rlib",), "bin"),
        ("", "serde", ("rlib",), "bin"),
        ('bindings = "cffi"', "pyo3", ("cdylib",), "cffi"),
        ('bindings = "pyo3-ffi"', "serde", ("cdylib",), "pyo3"),
    ],
)
def test_bindings(
    tmp_path: Path, settings: str, needs: str, types: tuple[str, ...], bindings: str
) -> None:
    lock = f'[[package]]\nname = "ham-crate"\nversion = "0.1.0"\ndependencies = [\n "{needs}",\n]\n'
    lock += '\n[[package]]\nname = "numpy"\nversion = "0.1.0"\ndependencies = [\n "pyo3",\n]\n'
    files = {"pyproject.toml": MATURIN + settings, "Cargo.lock": lock}
    program = Target("tool", "bin", ("bin",), "main.rs")
    word = said(tmp_path, files, needs=needs, types=types, targets=(program,))
    assert word is not None
    assert word.bindings == bindings


@pytest.mark.parametrize(
    ("pyproject", "name", "words"),
    [
        (
            'python-source = "nope"\nmodule-name = "ham._ham"',
            "ham._ham",
            'python-source = "nope" is not a directory: create it',
        ),
        (
            'python-source = "python"\nmodule-name = "ham._ham"',
            "ham._ham",
            'python-source = "python" has no Python package ham: create it, or remove',
        ),
        ("", None, 'not a valid module name: write module-name = "ham_crate"'),
    ],
)
def test_what_maturin_would_refuse(
    tmp_path: Path, pyproject: str, name: str | None, words: str
) -> None:
    (tmp_path / "python").mkdir()
    word = said(tmp_path, {"pyproject.toml": MATURIN + pyproject})
    assert word is not None
    assert (word.name, word.source) == (name, None)
    assert words in word.problem
    assert "\n" not in word.problem


# -- setuptools-rust ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pyproject", "files", "name", "source"),
    [
        (EXT + HAM, {"ham/__init__.py": ""}, "ham._ham", ""),
        (EXT + HAM, {"src/ham/__init__.py": ""}, "ham._ham", "src"),
        (EXT + HAM, {"python/ham/a.py": ""}, "ham._ham", "python"),
        (EXT + HAM, {}, "ham._ham", None),
        (EXT + HAM, {"ham/src/lib.rs": ""}, "ham._ham", None),
        (EXT + 'target = "ham"\n', {"ham/__init__.py": ""}, "ham", None),
        (
            EXT + HAM + '[tool.setuptools]\npackage-dir = { "" = "lib" }\n',
            {"lib/ham/__init__.py": "", "ham/__init__.py": ""},
            "ham._ham",
            "lib",
        ),
        (
            EXT + HAM + '[tool.setuptools.packages.find]\nwhere = ["a", "b"]\n',
            {"b/ham/__init__.py": "", "ham/__init__.py": ""},
            "ham._ham",
            "b",
        ),
        (
            EXT + HAM + '[tool.setuptools]\npackage-dir = { ham = "lib/ham" }\n',
            {"lib/ham/__init__.py": ""},
            "ham._ham",
            "lib",
        ),
        (
            EXT + 'target = "outer.rust"\n',
            {"python/outer/python/__init__.py": ""},
            "outer.rust",
            "python",
        ),
        (
            EXT + HAM,
            {"setup.cfg": "[options]\npackage_dir =\n    = lib\n", "lib/ham/__init__.py": ""},
            "ham._ham",
            "lib",
        ),
        (
            EXT + HAM,
            {
                "setup.cfg": "[options.packages.find]\nwhere = lib\n",
                "lib/ham/__init__.py": "",
                "ham/__init__.py": "",
            },
            "ham._ham",
            "lib",
        ),
    ],
)
def test_where_setuptools_puts_it(
    tmp_path: Path, pyproject: str, files: dict[str, str], name: str, source: str | None
) -> None:
    assert named(tmp_path, {"pyproject.toml": SETUPTOOLS + pyproject, **files}) == (name, source)


SCRIPT = """
from setuptools import find_packages, setup
from setuptools_rust import Binding, RustBin, RustExtension
FEATURES = ["fast"]
setup(
    name="ham-dist",
    packages=find_packages(where="lib"),
    package_dir={"": "lib"},
    rust_extensions=[
        RustBin("tool", path="rust/Cargo.toml"),
        RustExtension("ham._ham", "rust/Cargo.toml", features=FEATURES, binding=Binding.PyO3,
                      args=["--no-default-features", "--profile", "tuned"], debug=False),
    ],
)
"""


def test_what_a_script_says(tmp_path: Path) -> None:
    word = said(tmp_path, {"setup.py": SCRIPT, "lib/ham/__init__.py": ""}, "rust")
    assert word == Told(
        name="ham._ham",
        source=str(tmp_path / "lib"),
        backend="setuptools-rust",
        directory=str(tmp_path),
        manifest=str(tmp_path / "setup.py"),
        distribution="ham-dist",
        features=("fast",),
        no_default_features=True,
        profile="tuned",
    )


def test_a_script_that_works_paths_out_says_nothing(tmp_path: Path) -> None:
    """Then it is known by its name alone, and what the library exports counts."""
    text = SCRIPT.replace('"rust/Cargo.toml"', "find_it()")
    word = said(tmp_path, {"setup.py": text}, "rust")
    assert word is not None
    assert (word.name, word.backend) == (None, "setuptools.build_meta")
    assert word.manifest == str(tmp_path / "setup.py")


@pytest.mark.parametrize("text", ["setup(", "\0", "import x\n"])
def test_a_script_that_is_none(tmp_path: Path, text: str) -> None:
    word = said(tmp_path, {"setup.py": text, "setup.cfg": "nonsense"})
    assert word is not None
    assert (word.name, word.problem) == (None, "")


@pytest.mark.parametrize(
    ("arguments", "profile", "bindings"),
    [
        ("", None, "pyo3"),
        ("debug = true", None, "pyo3"),
        ("debug = false", "release", "pyo3"),
        ('args = ["--profile=tuned"]', "tuned", "pyo3"),
        ('binding = "NoBinding"', None, "pyo3"),
        ('binding = "Exec"', None, "bin"),
    ],
)
def test_how_setuptools_rust_builds_it(
    tmp_path: Path, arguments: str, profile: str | None, bindings: str
) -> None:
    word = said(tmp_path, {"pyproject.toml": SETUPTOOLS + EXT + HAM + arguments})
    assert word is not None
    assert (word.profile, word.bindings) == (profile, bindings)


def test_a_package_directory_that_does_not_exist(tmp_path: Path) -> None:
    text = SETUPTOOLS + EXT + HAM + '[tool.setuptools]\npackage-dir = { "" = "nope" }\n'
    word = said(tmp_path, {"pyproject.toml": text})
    assert word is not None
    assert "package-dir names nope, which is not a directory" in word.problem


@pytest.mark.parametrize(
    "pyproject",
    [
        MATURIN + 'module-name = "../up._ham"\ncargo-extra-args = "--features \'"',
        MATURIN + 'module-name = "a\\u0000b._ham"\npython-source = "\\u0000"',
        MATURIN + 'features = "a"\nprofile = 1\nmodule-name = 2\npython-source = 3',
        '[tool]\nmaturin = 1\n[build-system]\nbuild-backend = "maturin"',
        SETUPTOOLS + EXT + 'target = "/up._ham"',
        SETUPTOOLS + EXT + 'target = "a\\u0000b._ham"',
        SETUPTOOLS + EXT + HAM + 'args = "x"\nfeatures = 1\n[tool.setuptools]\npackage-dir = 1',
        SETUPTOOLS + EXT + HAM + '[tool.setuptools]\npackage-dir = { "" = "\\u0000" }',
        SETUPTOOLS + EXT + HAM + 'path = "\\u0000"',
        SETUPTOOLS + "[tool.setuptools-rust]\next-modules = 1",
    ],
)
def test_nonsense_does_no_harm(tmp_path: Path, pyproject: str) -> None:
    """Whoever it is for says what is wrong with it."""
    word = said(tmp_path, {"pyproject.toml": pyproject})
    assert word is not None
    assert word.name in (None, "ham._ham")
    assert word.source is None


def test_arguments_for_cargo() -> None:
    arguments = ["--features", "a b", "-Fc", "--features=d,e", "--all-features", "-q", "--release"]
    assert cargo_arguments(arguments) == CargoArguments(
        ("a", "b", "c", "d", "e"), all_features=True, profile="release"
    )
    assert cargo_arguments(["--profile"]) == CargoArguments()


# -- others ------------------------------------------------------------------------------------


def test_a_backend_that_nobody_knows(tmp_path: Path) -> None:
    text = '[build-system]\nrequires = []\nbuild-backend = "poetry.core.masonry.api"\n'
    word = said(tmp_path, {"pyproject.toml": text + '[project]\nname = "ham"\n'}, "rust")
    assert word == Told(
        None,
        None,
        "poetry.core.masonry.api",
        str(tmp_path),
        str(tmp_path / "pyproject.toml"),
        "ham",
        is_certain=False,
    )


def test_a_crate_beside_the_one_that_is_built(tmp_path: Path) -> None:
    """A helper of the project's own module is none of its modules."""
    files = {"pyproject.toml": SETUPTOOLS + EXT + HAM + 'path = "rust/Cargo.toml"\n'}
    assert said(tmp_path, files, "helper") is None
    files = {"pyproject.toml": MATURIN + 'manifest-path = "rust/Cargo.toml"\n'}
    assert said(tmp_path, files, "helper") is None


def test_what_the_crate_says_wins(tmp_path: Path) -> None:
    metadata = {"cpython-sys": {"module": "ham._other"}}
    files = {"pyproject.toml": MATURIN + 'module-name = "ham._ham"\n', "ham/__init__.py": ""}
    word = said(tmp_path, files, metadata=metadata)
    assert word is not None
    assert (word.name, word.source, word.backend) == ("ham._other", str(tmp_path), "maturin")
    assert word.manifest == str(tmp_path / "Cargo.toml")
    word = said(tmp_path / "alone", {}, metadata=metadata)
    assert word is not None
    assert (word.name, word.source, word.backend) == ("ham._other", None, "metadata")


# -- the rule ----------------------------------------------------------------------------------


def place(root: Path, *exported: str, module: str | None = None, **more: Any) -> Place:
    functions = [f"PyInit_{name}" for name in exported]
    return find_place(package(root, **more), "libham.so", functions, module)


def test_the_word_counts_if_the_library_exports_it(tmp_path: Path) -> None:
    said(tmp_path, {"pyproject.toml": MATURIN + 'module-name = "ham._ham"', "ham/a.py": ""})
    assert place(tmp_path, "_ham", "other") == Place("ham._ham", str(tmp_path))
    found = place(tmp_path, "other")
    assert found.name == "other"
    said_both = "pyproject.toml names ham._ham, but libham.so exports PyInit_other"
    assert found.remark == f"{said_both}: write one name in both"
    with pytest.raises(
        ExtensionError, match=r"several modules: PyInit_a, PyInit_b, but .*ham\._ham"
    ):
        place(tmp_path, "a", "b")


def test_nobody_says_and_one_is_exported(tmp_path: Path) -> None:
    assert place(tmp_path, "_native", "_native") == Place("_native")
    with pytest.raises(ExtensionError, match=r"a, PyInit_b: .* module = \"a\".*module=\.\.\."):
        place(tmp_path, "a", "b")
    with pytest.raises(
        ExtensionError,
        match=r"exports no module \(no PyInit_NAME\): with pyo3, write #",
    ):
        place(tmp_path)


def test_a_name_that_was_asked_for(tmp_path: Path) -> None:
    assert place(tmp_path, "a", "b", module="ham.b") == Place("ham.b")
    with pytest.raises(ExtensionError, match=r'PyInit_a, but .* "ham\.b": write module = "a"'):
        place(tmp_path, "a", module="ham.b")
    metadata = {"cpython-sys": {"module": "b"}}
    with pytest.raises(ExtensionError, match=r"PyInit_a, but the manifest names the module .b."):
        place(tmp_path, "a", metadata=metadata)


def test_one_crate_that_is_built_as_two_modules(tmp_path: Path) -> None:
    two = EXT + HAM + EXT + 'target = "ham.second"\n'
    said(tmp_path, {"pyproject.toml": SETUPTOOLS + two, "ham/__init__.py": ""})
    assert [word.name for word in all_told(package(tmp_path))] == ["ham._ham", "ham.second"]
    assert place(tmp_path, "second").name == "ham.second"
