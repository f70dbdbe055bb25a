#!/usr/bin/env bash
# Tries a built program as its users meet it first, in folders of their own and with nothing compiled before:
#
#   a Go-only repository, from checkout to result by way of the action and the archive, in less than 30 s
#   from an empty folder with a Go plugin's module: init, run, check, each first try, in less than 10 s in all
#   the examples
#
# usage: ci/release/try.sh FOLDER       # what build.sh packed: target/dist/proxy-wasm-test-VERSION-TARGET
#
# The archive and its checksum lie beside the folder. What is judged is the processor's time, all processes together, so
# that a busy machine makes no difference; on an idle one the wall clock's is less, for there is more than one core.
set -euo pipefail
folder="$(cd "$1" && pwd)"
program="$folder/proxy-wasm-test"
name="$(basename "$folder")"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT

wall() { local now="${EPOCHREALTIME/[.,]/}"; echo $((now / 1000)); }

# Milliseconds that the processors have spent on what this script has run, into `spent`.
spend() {
    times >"$place/times"
    spent="$(tail -1 "$place/times" | tr 'ms.,' '    ' | awk '{print ($1 * 60 + $2) * 1000 + $3 + ($4 * 60 + $5) * 1000 + $6}')"
}

begin() { spend; began="$(wall)" before="$spent"; }

# What was begun may take so many milliseconds; what it is called.
within() {
    local took=$(($(wall) - began))
    spend
    local cpu=$((spent - before))
    printf '%s: %d.%d s by the clock, %d.%d s of processor time\n' "$2" $((took / 1000)) $((took % 1000 / 100)) $((cpu / 1000)) $((cpu % 1000 / 100))
    if [ "$cpu" -ge "$1" ]; then
        echo "error: it has to take less than $(($1 / 1000)) s" >&2
        exit 1
    fi
}

# No Rust, no Go, no Envoy: what any machine has, and the program.
alone() { env -i PATH=/usr/bin:/bin HOME="$place/home" CI=true "$@"; }

printf '\n--- a Go-only repository, from checkout to result\n'
mkdir -p "$place/home" "$place/origin"
cp -R "$root/examples/traceparent/." "$place/origin"
git -C "$place/origin" init --quiet
git -C "$place/origin" add --all
git -C "$place/origin" -c user.name=a -c user.email=a@example.org commit --quiet --message 'The plugin and its tests'
version="${name#proxy-wasm-test-}"
begin
git clone --quiet "$place/origin" "$place/checkout"
(
    cd "$place/checkout"
    alone VERSION="${version%%-*}" PATHS=scenarios CHECK=build/traceparent.wasm REPOSITORY= \
        RELEASES="$(dirname "$folder")" TOOLS="$place/tools" GITHUB_STEP_SUMMARY="$place/summary.md" \
        "$root/ci/action.sh" >"$place/said" || { cat "$place/said"; exit 1; }
)
grep -q '^.*10 passed, 0 failed, 0 skipped' "$place/summary.md"
within 30000 'checkout, download, scenarios, checks'

printf '\n--- from an empty folder: init, run, check\n'
mkdir "$place/empty"
cp "$root/plugins-under-test/artifacts/rate_limiting_go.wasm" "$place/empty/limiter.wasm"
cd "$place/empty"
begin
alone PROXY_WASM_TEST_CACHE="$place/modules" "$program" init limiter.wasm
alone PROXY_WASM_TEST_CACHE="$place/modules" "$program" run
alone PROXY_WASM_TEST_CACHE="$place/modules" "$program" check limiter.wasm --scenario scenarios --quiet
within 10000 'init, run, check'

printf '\n--- the examples\n'
"$root/examples/run.sh" "$program"
