/* What bindgen reads: the public C API and, where it is installed, the internal one.
 *
 * The internal headers refuse to be included without this macro, and it changes a few public
 * ones too: PyObject_HEAD_INIT of Python 3.12, for one. */
#define Py_BUILD_CORE 1

#include "Python.h"

/* In 3.11, Python.h leaves these out. */
#include "frameobject.h"
#include "structmember.h"

/* Most come and go with a Python version. A header pulls in those that it needs, so that this
 * list is shorter than the directory. */
#if __has_include("internal/pycore_ast.h")
#  include "internal/pycore_ast.h"
#endif
#if __has_include("internal/pycore_ast_state.h")
#  include "internal/pycore_ast_state.h"
#endif
#if __has_include("internal/pycore_asdl.h")
#  include "internal/pycore_asdl.h"
#endif
#if __has_include("internal/pycore_backoff.h")
#  include "internal/pycore_backoff.h"
#endif
#if __has_include("internal/pycore_blocks_output_buffer.h")
#  include "internal/pycore_blocks_output_buffer.h"
#endif
#if __has_include("internal/pycore_brc.h")
#  include "internal/pycore_brc.h"
#endif
#if __has_include("internal/pycore_bytesobject.h")
#  include "internal/pycore_bytesobject.h"
#endif
#if __has_include("internal/pycore_call.h")
#  include "internal/pycore_call.h"
#endif
#if __has_include("internal/pycore_ceval.h")
#  include "internal/pycore_ceval.h"
#endif
#if __has_include("internal/pycore_code.h")
#  include "internal/pycore_code.h"
#endif
#if __has_include("internal/pycore_compile.h")
#  include "internal/pycore_compile.h"
#endif
#if __has_include("internal/pycore_condvar.h")
#  include "internal/pycore_condvar.h"
#endif
#if __has_include("internal/pycore_context.h")
#  include "internal/pycore_context.h"
#endif
#if __has_include("internal/pycore_critical_section.h")
#  include "internal/pycore_critical_section.h"
#endif
#if __has_include("internal/pycore_crossinterp.h")
#  include "internal/pycore_crossinterp.h"
#endif
#if __has_include("internal/pycore_dict.h")
#  include "internal/pycore_dict.h"
#endif
#if __has_include("internal/pycore_fileutils.h")
#  include "internal/pycore_fileutils.h"
#endif
#if __has_include("internal/pycore_floatobject.h")
#  include "internal/pycore_floatobject.h"
#endif
#if __has_include("internal/pycore_flowgraph.h")
#  include "internal/pycore_flowgraph.h"
#endif
#if __has_include("internal/pycore_format.h")
#  include "internal/pycore_format.h"
#endif
#if __has_include("internal/pycore_frame.h")
#  include "internal/pycore_frame.h"
#endif
#if __has_include("internal/pycore_freelist.h")
#  include "internal/pycore_freelist.h"
#endif
#if __has_include("internal/pycore_function.h")
#  include "internal/pycore_function.h"
#endif
#if __has_include("internal/pycore_gc.h")
#  include "internal/pycore_gc.h"
#endif
#if __has_include("internal/pycore_genobject.h")
#  include "internal/pycore_genobject.h"
#endif
#if __has_include("internal/pycore_global_objects.h")
#  include "internal/pycore_global_objects.h"
#endif
#if __has_include("internal/pycore_hamt.h")
#  include "internal/pycore_hamt.h"
#endif
#if __has_include("internal/pycore_hashtable.h")
#  include "internal/pycore_hashtable.h"
#endif
#if __has_include("internal/pycore_import.h")
#  include "internal/pycore_import.h"
#endif
#if __has_include("internal/pycore_importdl.h")
#  include "internal/pycore_importdl.h"
#endif
#if __has_include("internal/pycore_initconfig.h")
#  include "internal/pycore_initconfig.h"
#endif
#if __has_include("internal/pycore_instruction_sequence.h")
#  include "internal/pycore_instruction_sequence.h"
#endif
#if __has_include("internal/pycore_instruments.h")
#  include "internal/pycore_instruments.h"
#endif
#if __has_include("internal/pycore_interp.h")
#  include "internal/pycore_interp.h"
#endif
#if __has_include("internal/pycore_interpreteridobject.h")
#  include "internal/pycore_interpreteridobject.h"
#endif
#if __has_include("internal/pycore_intrinsics.h")
#  include "internal/pycore_intrinsics.h"
#endif
#if __has_include("internal/pycore_list.h")
#  include "internal/pycore_list.h"
#endif
#if __has_include("internal/pycore_lock.h")
#  include "internal/pycore_lock.h"
#endif
#if __has_include("internal/pycore_long.h")
#  include "internal/pycore_long.h"
#endif
#if __has_include("internal/pycore_memoryobject.h")
#  include "internal/pycore_memoryobject.h"
#endif
#if __has_include("internal/pycore_moduleobject.h")
#  include "internal/pycore_moduleobject.h"
#endif
#if __has_include("internal/pycore_namespace.h")
#  include "internal/pycore_namespace.h"
#endif
#if __has_include("internal/pycore_object.h")
#  include "internal/pycore_object.h"
#endif
#if __has_include("internal/pycore_object_stack.h")
#  include "internal/pycore_object_stack.h"
#endif
#if __has_include("internal/pycore_obmalloc.h")
#  include "internal/pycore_obmalloc.h"
#endif
#if __has_include("internal/pycore_opcode_utils.h")
#  include "internal/pycore_opcode_utils.h"
#endif
#if __has_include("internal/pycore_optimizer.h")
#  include "internal/pycore_optimizer.h"
#endif
#if __has_include("internal/pycore_parking_lot.h")
#  include "internal/pycore_parking_lot.h"
#endif
#if __has_include("internal/pycore_parser.h")
#  include "internal/pycore_parser.h"
#endif
#if __has_include("internal/pycore_pathconfig.h")
#  include "internal/pycore_pathconfig.h"
#endif
#if __has_include("internal/pycore_pyarena.h")
#  include "internal/pycore_pyarena.h"
#endif
#if __has_include("internal/pycore_pyerrors.h")
#  include "internal/pycore_pyerrors.h"
#endif
#if __has_include("internal/pycore_pyhash.h")
#  include "internal/pycore_pyhash.h"
#endif
#if __has_include("internal/pycore_pylifecycle.h")
#  include "internal/pycore_pylifecycle.h"
#endif
#if __has_include("internal/pycore_pymem.h")
#  include "internal/pycore_pymem.h"
#endif
#if __has_include("internal/pycore_pystate.h")
#  include "internal/pycore_pystate.h"
#endif
#if __has_include("internal/pycore_pythread.h")
#  include "internal/pycore_pythread.h"
#endif
#if __has_include("internal/pycore_qsbr.h")
#  include "internal/pycore_qsbr.h"
#endif
#if __has_include("internal/pycore_range.h")
#  include "internal/pycore_range.h"
#endif
#if __has_include("internal/pycore_runtime.h")
#  include "internal/pycore_runtime.h"
#endif
#if __has_include("internal/pycore_setobject.h")
#  include "internal/pycore_setobject.h"
#endif
#if __has_include("internal/pycore_stackref.h")
#  include "internal/pycore_stackref.h"
#endif
#if __has_include("internal/pycore_structseq.h")
#  include "internal/pycore_structseq.h"
#endif
#if __has_include("internal/pycore_symtable.h")
#  include "internal/pycore_symtable.h"
#endif
#if __has_include("internal/pycore_sysmodule.h")
#  include "internal/pycore_sysmodule.h"
#endif
#if __has_include("internal/pycore_time.h")
#  include "internal/pycore_time.h"
#endif
#if __has_include("internal/pycore_token.h")
#  include "internal/pycore_token.h"
#endif
#if __has_include("internal/pycore_traceback.h")
#  include "internal/pycore_traceback.h"
#endif
#if __has_include("internal/pycore_tracemalloc.h")
#  include "internal/pycore_tracemalloc.h"
#endif
#if __has_include("internal/pycore_tstate.h")
#  include "internal/pycore_tstate.h"
#endif
#if __has_include("internal/pycore_tuple.h")
#  include "internal/pycore_tuple.h"
#endif
#if __has_include("internal/pycore_typeobject.h")
#  include "internal/pycore_typeobject.h"
#endif
#if __has_include("internal/pycore_typevarobject.h")
#  include "internal/pycore_typevarobject.h"
#endif
#if __has_include("internal/pycore_ucnhash.h")
#  include "internal/pycore_ucnhash.h"
#endif
#if __has_include("internal/pycore_unicodeobject.h")
#  include "internal/pycore_unicodeobject.h"
#endif
#if __has_include("internal/pycore_unionobject.h")
#  include "internal/pycore_unionobject.h"
#endif
#if __has_include("internal/pycore_warnings.h")
#  include "internal/pycore_warnings.h"
#endif
#if __has_include("internal/pycore_weakref.h")
#  include "internal/pycore_weakref.h"
#endif
