"""From sources to executables, once per content: what others may ask for."""
from .cache import Ahead, helpers
from .compile import (NAMES, VARIANTS, BuildFailure, build, compiler, does_not_start,
                      extra, flags, in_variant, interposer, missing_sanitizer, run)
from .complaints import first_error, found

__all__ = ["Ahead", "NAMES", "VARIANTS", "BuildFailure", "build", "compiler",
           "does_not_start", "extra", "first_error", "flags", "found", "helpers",
           "in_variant", "interposer", "missing_sanitizer", "run"]
