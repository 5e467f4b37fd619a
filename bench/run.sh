#!/bin/bash
# The benchmarks of docs/performance.md as one command:
#
#   bench/run.sh [--quick] [ROW...]      prints a markdown table
#
# $IMGBUILD is the program (default build/cli/imgbuild), $BENCH_DIR where the
# data goes (default: a temporary folder; needs about 6 GB). --quick makes the
# data ten times smaller and runs everything three times: for trying it out.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export IMGBUILD=${IMGBUILD:-$here/../build/cli/imgbuild}
exec python3 "$here/measure.py" "$@"
