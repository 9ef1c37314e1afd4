#!/usr/bin/env python3
"""Checks a lesson of the course, and whatever else the Makefile offers a learner."""
import sys

if sys.version_info < (3, 9):
    sys.exit("The checks need Python 3.9 or later; this is "
             + sys.version.split()[0] + ".")

from grader.desk.cli import main  # noqa: E402

if __name__ == "__main__":
    main(sys.argv[1:])
