"""A typed wrapper around cargo, useful without pytest. It imports only the standard library."""

from .build import Build, Unit
from .cache import (
    cache_path,
    keep_json,
    keep_text,
    locked,
    read_json,
    stamp,
    write_json,
    write_text,
)
from .cargo import Cargo
from .command import BuildOptions, shown_command
from .configuration import (
    configuration_files,
    configured_environment,
    configured_runner,
    configured_target,
    configured_wrapper,
    read_cfg,
    runner_variable,
    rustflags,
    settings_files,
    target_name,
    variable_part,
)
from .depinfo import read_depinfo
from .environment import LIBRARY_PATH, package_environment, prepend_library_path
from .errors import CargoError, CargoMissingError, CargoTooOldError, ManifestError, ToolchainError
from .expansion import MIR, Expander
from .failures import CompilerFailure, ScriptFailure, first_error, without_backtrace
from .files import is_inside, read_bytes, read_line, read_toml, upwards, write_program
from .messages import Artifact, Diagnostic
from .metadata import Package, Target, Workspace, enclosing_manifest
from .patches import patched_manifests
from .process import (
    Process,
    Programs,
    in_this_run,
    none_started,
    running_programs,
    stop_all,
    worker_threads,
)
from .run_build import BuildListener
from .seed_target_dir import seed
from .test_processes import TestProcess, TestProcesses, find_test_processes
from .timing import Timing
from .unit_graph import PlannedUnit
from .versions import Toolchain

__all__ = [
    "LIBRARY_PATH",
    "MIR",
    "Artifact",
    "Build",
    "BuildListener",
    "BuildOptions",
    "Cargo",
    "CargoError",
    "CargoMissingError",
    "CargoTooOldError",
    "CompilerFailure",
    "Diagnostic",
    "Expander",
    "ManifestError",
    "Package",
    "PlannedUnit",
    "Process",
    "Programs",
    "ScriptFailure",
    "Target",
    "TestProcess",
    "TestProcesses",
    "Timing",
    "Toolchain",
    "ToolchainError",
    "Unit",
    "Workspace",
    "cache_path",
    "configuration_files",
    "configured_environment",
    "configured_runner",
    "configured_target",
    "configured_wrapper",
    "enclosing_manifest",
    "find_test_processes",
    "first_error",
    "in_this_run",
    "is_inside",
    "keep_json",
    "keep_text",
    "locked",
    "none_started",
    "package_environment",
    "patched_manifests",
    "prepend_library_path",
    "read_bytes",
    "read_cfg",
    "read_depinfo",
    "read_json",
    "read_line",
    "read_toml",
    "runner_variable",
    "running_programs",
    "rustflags",
    "seed",
    "settings_files",
    "shown_command",
    "stamp",
    "stop_all",
    "target_name",
    "upwards",
    "variable_part",
    "without_backtrace",
    "worker_threads",
    "write_json",
    "write_program",
    "write_text",
]
