#!/bin/sh
# Fuzz the two parsers of the course: lesson 06's lines, lesson 07's frames.
#
# Usage: tests/selftest/fuzz/run.sh [SECONDS]      for each of them; 30 when missing
#
# Needs clang with libFuzzer. New inputs go to build/fuzz, not to the corpus.
set -eu
cd "$(dirname "$0")/../../.."
seconds=${1:-30}

fuzz() {                # fuzz NAME SOURCES...
    name=$1
    shift
    mkdir -p "build/fuzz/$name"
    clang -std=c11 -D_GNU_SOURCE -Icommon -g -O1 \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
        -o "build/fuzz/$name-fuzz" "tests/selftest/fuzz/${name}_fuzz.c" "$@"
    "build/fuzz/$name-fuzz" -max_total_time="$seconds" -print_final_stats=1 \
        -artifact_prefix="build/fuzz/$name-" \
        "build/fuzz/$name" "tests/selftest/fuzz/corpus/$name" 2>"build/fuzz/$name.log" || {
        tail -n 40 "build/fuzz/$name.log"
        echo "fuzz $name: a finding; the input is build/fuzz/$name-*"
        exit 1
    }
    echo "fuzz $name: no finding in $seconds s," \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log") inputs"
}

fuzz line solutions/06-lines/line.c solutions/05-stream/stream.c &
line=$!
fuzz frame solutions/07-frames/frame.c solutions/05-stream/stream.c
wait "$line"
