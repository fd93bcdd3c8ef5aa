"""All that touches the private side of pytest and of its plugins, or changes objects of theirs.

Each entry says why there is no other way, and since which version it is known to work. Its tests
bear the mark ``pytest_side``: they run on the oldest pytest that is supported and on the newest.
"""

from .companions import (
    expected_attributes,
    limit_of_pytest_timeout,
    queued_items,
    read_ids_of_rust,
    repetitions,
    select_in_spite_of_testmon,
)
from .configuration import configured, is_pytest_known, may_be_fast, set_arguments, words_of
from .interrupts import lead_elsewhere
from .items import CompatCollector, CompatItem, marks_keep_out, remember_hooks, skip_at_item
from .junit import leave_out_of_junit
from .refusals import hook_refusal, is_of_pytest, refusal, skipped_by_default
from .reports import (
    TerminalRepr,
    add_field,
    amend_report,
    copy_report,
    current_fields,
    failure_repr_of,
    identity,
    replace_error,
)
from .run import capture_suspended, is_alone, nodes_set_up, takes_no_part, turn_red

__all__ = [
    "CompatCollector",
    "CompatItem",
    "TerminalRepr",
    "add_field",
    "amend_report",
    "capture_suspended",
    "configured",
    "copy_report",
    "current_fields",
    "expected_attributes",
    "failure_repr_of",
    "hook_refusal",
    "identity",
    "is_alone",
    "is_of_pytest",
    "is_pytest_known",
    "lead_elsewhere",
    "leave_out_of_junit",
    "limit_of_pytest_timeout",
    "marks_keep_out",
    "may_be_fast",
    "nodes_set_up",
    "queued_items",
    "read_ids_of_rust",
    "refusal",
    "remember_hooks",
    "repetitions",
    "replace_error",
    "select_in_spite_of_testmon",
    "set_arguments",
    "skip_at_item",
    "skipped_by_default",
    "takes_no_part",
    "turn_red",
    "words_of",
]
