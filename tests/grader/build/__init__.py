"""From sources to executables, once per content: what others may ask for."""
from .compile import (NAMES, VARIANTS, BuildFailure, build, compiler, extra, flags,
                      in_variant, interposer, missing_sanitizer, run)
from .complaints import first_error, found

__all__ = ["NAMES", "VARIANTS", "BuildFailure", "build", "compiler", "extra",
           "first_error", "flags", "found", "in_variant", "interposer",
           "missing_sanitizer", "run"]
