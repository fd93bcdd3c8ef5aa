#include "Python.h"

/* From the sources' root, not below Include/. */
#include "Python/stdlib_module_names.h"
