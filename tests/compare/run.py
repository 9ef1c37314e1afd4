#!/usr/bin/env python3
"""Compares the servers of lessons 06, 10 and 11 side by side on this machine.

    python3 tests/compare/run.py [--clients 1,10] [--work 0,5] [--quick] [--plain]
                                 [--json FILE] [--svg FILE]
"""
import os
import sys

if sys.version_info < (3, 9):
    sys.exit("The comparison needs Python 3.9 or later; this is "
             + sys.version.split()[0] + ".")

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from compare.cli import main  # noqa: E402

if __name__ == "__main__":
    main(sys.argv[1:])
