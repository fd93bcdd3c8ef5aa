"""Extension modules that keep what they promise, and some that break one promise each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .module_crate import _NO_GIL, _OWN_GIL, _SINGLE, _STATIC_TYPE, module

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["exporting_modules", "promising", "promising_modules"]

_IMMUTABLE, _BASE = 1 << 8, 1 << 10
DECLARED = ("not-gil", "multi-phase")
TYPES = ("immutable-types", "final-types")
EXPORTS = ("PyModExport", "no-legacy-init")
# A heap type, that has a function of ours if it is `tied`.
_HEAP_TYPE = """
#[repr(C)]
pub struct Spec {
    name: *const c_char, basic: c_int, item: c_int, flags: std::ffi::c_uint, slots: *mut Slot,
}
extern "C" {
    fn PyType_FromModuleAndSpec(module: Object, spec: *mut Spec, bases: Object) -> Object;
    fn PyType_FromSpec(spec: *mut Spec) -> Object;
    fn PyErr_NewException(name: *const c_char, base: Object, dict: Object) -> Object;
    fn PyObject_GetAttrString(object: Object, name: *const c_char) -> Object;
}
unsafe extern "C" fn show(_it: Object) -> Object { unsafe { PyUnicode_FromString(c"it".as_ptr()) } }
unsafe fn heap_type(module: Object, name: &std::ffi::CStr, flags: u32, tied: bool) -> Object {
    unsafe {
        let shown = if tied { show as *mut c_void } else { null_mut() };
        let slots = Box::leak(Box::new([
            Slot { slot: if tied { 66 } else { 0 }, value: shown },
            Slot { slot: 0, value: null_mut() },
        ]));
        let slots = slots.as_mut_ptr();
        let mut spec = Spec { name: name.as_ptr(), basic: 0, item: 0, flags, slots };
        if module.is_null() { return PyType_FromSpec(&mut spec); }
        PyType_FromModuleAndSpec(module, &mut spec, null_mut())
    }
}
"""

_FRACTIONS = 'PyImport_ImportModule(c"fractions".as_ptr())'
# A class of another module that inherits from a type of ours.
_SUBCLASS = """
PyRun_SimpleString(c"import fractions, sys
egg = sys.modules['@NAME@'].Egg
fractions.Sub = type('Sub', (egg,), {'__module__': 'fractions'})".as_ptr());
"""
# How a module of a single phase says it, to a Python that can do without.
_SET_GIL = """
extern "C" { fn PyUnstable_Module_SetGIL(module: Object, gil: *mut c_void) -> c_int; }
"""
_WITHOUT_A_GIL = (
    f"let module = {{ {_SINGLE} }}; PyUnstable_Module_SetGIL(module, 1 as *mut c_void); module"
)


def _shown(flags: int, name: str = "Egg") -> str:
    """Return code that makes a type which the module shows."""
    made = f'heap_type(module, c"@NAME@.{name}", {flags}, false)'
    return f'PyModule_AddObjectRef(module, c"{name}".as_ptr(), {made});'


def promising(
    name: str, words: Sequence[str], *, metadata: str = "", calls: Sequence[str] = (), **how: Any
) -> dict[str, str]:
    """Return the files of a package whose module promises something."""
    table = f"[package.metadata.cpython-sys.module]\nrequires = {json.dumps(list(words))}\n"
    return module(name, metadata=f"{table}{metadata}", calls=calls, **how)


def promising_modules(
    *, free_threaded: bool = False, gil_slot: bool = True
) -> dict[str, dict[str, str]]:
    """Return the files of packages by their names, for any Python that has these slots."""
    packages: dict[str, dict[str, str]] = {}
    both = (_OWN_GIL, _NO_GIL)

    def make(
        name: str, words: Sequence[str], *, slots: Sequence[tuple[int, int]] = both, **how: Any
    ) -> None:
        known = [slot for slot in slots if gil_slot or slot[0] != 4]
        packages[name] = promising(name, words, slots=known, free_threaded=free_threaded, **how)

    def making(name: str, run: str, code: str = "", **how: Any) -> None:
        make(name, TYPES, run=run, code=f"{_HEAP_TYPE}{code}", **how)

    flags = "let flags = @WORDS@ - 3 + 1 + 18; KIND[flags] |= {};"
    static = _STATIC_TYPE.replace("PyType_Ready", f"{flags.format(_BASE)} PyType_Ready")
    hidden = f'heap_type(null_mut(), c"Hidden", {_BASE}, true);'
    error = 'PyErr_NewException(c"@NAME@.Error".as_ptr(), null_mut(), null_mut())'
    fraction = (
        'PyObject_GetAttrString(PyImport_ImportModule(c"fractions".as_ptr()), c"Fraction".as_ptr())'
    )
    lazy = {"lay": f"{hidden} PyLong_FromLong(1)"}
    good = _shown(_IMMUTABLE)
    make("kept", (*DECLARED, *TYPES), run=good, code=_HEAP_TYPE)
    make("silent", DECLARED, slots=[_OWN_GIL])
    make("gil_used", DECLARED, slots=[_OWN_GIL, (4, 0)])
    make("no_slots", DECLARED, slots=())
    make("single", DECLARED, init=_SINGLE, size=-1)
    make("single_again", DECLARED, init=_SINGLE)
    if free_threaded:
        make("single_off", DECLARED, init=_WITHOUT_A_GIL, code=_SET_GIL)
    make("no_types", TYPES)
    making("mutable", _shown(0))
    making("base", good + _shown(_IMMUTABLE | _BASE, "Nest"))
    making("static_types", "add_type(module);", _STATIC_TYPE)
    making("static_base", "add_type(module);", static)
    making("hidden", hidden)
    making("lazy", "", functions=lazy, calls=["lay()"])
    making("error", f'PyModule_AddObjectRef(module, c"Error".as_ptr(), {error});')
    making("foreign", f'{good} PyModule_AddObjectRef(module, c"F".as_ptr(), {fraction});')
    elsewhere = f'{_FRACTIONS}; heap_type(null_mut(), c"fractions.Thing", 0, true);'
    making("elsewhere", elsewhere)
    making("subclassed", f"{_shown(_IMMUTABLE | _BASE)} {_SUBCLASS}")
    make("crashing", (*DECLARED, *TYPES), init="std::process::abort()")
    make("undecided", EXPORTS)
    return packages


_EXPORT = """
#[repr(C)] pub struct Info { version: [u8; 2], flags: u16, built: u32, abi: u32 }
static mut INFO: Info =
    Info { version: [1, 0], flags: @ABI@, built: 0x030f_0000, abi: 0x030f_0000 };
#[repr(C)] pub struct Entry { id: u16, flags: u16, reserved: u32, value: *mut c_void }
static mut ENTRIES: [Entry; 5] = [
    Entry { id: 109, flags: 4, reserved: 0, value: addr_of_mut!(INFO).cast() },
    Entry { id: 100, flags: 4, reserved: 0, value: c"@NAME@".as_ptr() as *mut c_void },
    Entry { id: 86, flags: 4, reserved: 0, value: 0 as *mut c_void },
    Entry { id: 87, flags: 4, reserved: 0, value: @GIL@ as *mut c_void },
    Entry { id: 0, flags: 0, reserved: 0, value: null_mut() },
];
#[no_mangle]
pub unsafe extern "C" fn PyModExport_@NAME@() -> *mut Entry { addr_of_mut!(ENTRIES).cast() }
"""


def exporting_modules(*, free_threaded: bool = False) -> dict[str, dict[str, str]]:
    """Return the files of packages for Python 3.15 and newer, which looks for PyModExport."""

    def make(name: str, gil: int, *, legacy: bool, export: bool = True) -> dict[str, str]:
        code = _EXPORT.replace("@GIL@", str(gil)).replace("@ABI@", "4" if free_threaded else "2")
        files = promising(
            name,
            (*EXPORTS, *DECLARED),
            code=code if export else "",
            free_threaded=free_threaded,
        )
        if not legacy:
            source = files["src/lib.rs"]
            start = source.index('#[no_mangle]\npub unsafe extern "C" fn PyInit_')
            files["src/lib.rs"] = source[:start]
        return files

    return {
        "modern": make("modern", 1, legacy=False),
        "modern_gil": make("modern_gil", 0, legacy=False),
        "two_ways": make("two_ways", 1, legacy=True),
        "legacy": make("legacy", 1, legacy=True, export=False),
    }
