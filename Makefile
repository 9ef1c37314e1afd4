# Loopback: learn sockets in C, lesson by lesson.  "make" alone says what can be made.
#
#   make check-lesson4                  is your lesson 04 right?
#   make check-lesson4 ALL=1            do not stop at the first failure
#   make check-lesson4 SUBMISSION=DIR   grade the files in DIR, and leave them alone
#   make check-lesson4 JSON=FILE        also write everything the page says to FILE
#   CC=clang, PLAIN=1, GIVEN=lessons, CHECK=ID and RUNS=N are understood as well

PYTHON ?= python3
# -ESs: whatever else this Python has been given is neither looked for nor loaded.
RUN     = $(PYTHON) -ESs tests/run.py
export CC PLAIN GIVEN SUBMISSION JSON ALL CHECK QUICK CLIENTS WORK SVG

# What was said on the command line of make, as options of run.py.  The shell,
# not make, reads the values, so that blanks and quotes in them do no harm.
OPTIONS = $${SUBMISSION:+--submission "$$SUBMISSION"} $${JSON:+--json "$$JSON"} \
          $${CHECK:+--check "$$CHECK"} $${GIVEN:+--given "$$GIVEN"} \
          $${ALL:+--all} $${PLAIN:+--plain}

.DEFAULT_GOAL = help
.PHONY: help check progress doctor compare test flake sweep bench-grader fuzz mutants sentences compile_commands.json clean

help:                   ## say what can be made
	@sed -n 's/^\([a-z_.%-]*\):.*## /  make \1\t/p' Makefile | sed 's/%/N/' | expand -t 32

lesson%:                ## build lesson N, to try it by hand
	@$(RUN) $* --make $(OPTIONS)

check-lesson%:          ## check your work, e.g. make check-lesson1
	@$(RUN) $* $(OPTIONS)

hint-lesson%:           ## a hint about what that found; plainer each time
	@$(RUN) $* --hint

trace-lesson%:          ## run the failed check (or CHECK=ID) alone
	@$(RUN) $* --trace $(OPTIONS)

fuzz-lesson%:           ## play RUNS conversations of new seeds
	@$(RUN) $* --fuzz --runs $(or $(RUNS),200) $(OPTIONS)

watch-lesson%:          ## check lesson N whenever you save
	@$(RUN) $* --watch $(OPTIONS)

play-lesson%:           ## try the finished program of lesson N
	@$(RUN) $* --play

reset-lesson%:          ## start again; your file is kept aside
	@$(RUN) $* --reset

check:                  ## check all lessons, one line each
	@$(RUN) --every $(OPTIONS)

progress:               ## how far you are
	@$(RUN) --progress

doctor:                 ## what this machine has and lacks
	@$(RUN) --doctor

compare:                ## four servers under the same load (QUICK=1)
	@$(PYTHON) -ESs tests/compare/run.py $${QUICK:+--quick} \
	    $${CLIENTS:+--clients "$$CLIENTS"} $${WORK:+--work "$$WORK"} \
	    $${JSON:+--json "$$JSON"} $${SVG:+--svg "$$SVG"} $${PLAIN:+--plain}

test:                   ## test the course: solutions, mutants, grader
	@$(PYTHON) -ESs tests/selftest/run.py

flake:                  ## repeat all checks RUNS times on a busy machine
	@$(PYTHON) -ESs tests/selftest/flake.py $(or $(RUNS),20)

bench-grader:           ## how long a check takes, and the bare compiler
	@$(PYTHON) -ESs tests/selftest/bench.py

sweep:                  ## let every call of right programs fail, each way
	@$(PYTHON) tests/selftest/sweep.py

fuzz:                   ## fuzz the parsers of 06 and 07, RUNS seconds each
	@tests/selftest/fuzz/run.sh $(or $(RUNS),30)

sentences:              ## which check examines what: docs/sentences.md
	@$(PYTHON) tests/selftest/sentences.py

mutants:                ## which check catches which: docs/mutants.md
	@$(PYTHON) -ESs tests/selftest/mutants.py

compile_commands.json:  ## tell editors how the C files are compiled
	@$(RUN) --editor

clean:                  ## remove what was built
	@rm -rf build compile_commands.json
