#!/usr/bin/env bash
# Plays the examples as their authors do: their scenarios, and the checks of their modules.
#
# usage: examples/run.sh [PROGRAM]     # default: proxy-wasm-test, from the PATH
#
# Needs nothing but the program: the committed modules are played. The tests of api-key are also `cargo test`'s there.
set -euo pipefail
program="${1:-proxy-wasm-test}"
case "$program" in */*) program="$(cd "$(dirname "$program")" && pwd)/$(basename "$program")" ;; esac
cd "$(dirname "${BASH_SOURCE[0]}")"
./build.sh --check

for example in api-key canary traceparent; do
    printf '\n--- %s\n' "$example"
    cd "$example"
    # Cargo builds the plugin that is written in Rust, where there is Cargo; the module that it built is committed.
    "$program" run --plugin "$example=build/$example.wasm" --quiet
    "$program" check "build/$example.wasm" --scenario scenarios --quiet
    cd ..
done
