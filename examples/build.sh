#!/usr/bin/env bash
# Builds the examples' plugins into their build/ folders and records them in artifacts.lock; see
# plugins-under-test/build.sh, whose twin this is.
#
#   ./build.sh            all of them
#   ./build.sh NAME...    these; the records of the others stay
#   ./build.sh --check    builds nothing: says which module is stale, exit 1 if any
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")"

PLUGINS='
api-key     rust
canary      as
traceparent go
'
TOOLS=../plugins-under-test/tools
SCHEMA=examples/artifacts.lock/1
SCRIPT=examples/build.sh
# The crates of the example in Rust have the versions that the plugins under test have.
PINS=../plugins-under-test/Cargo.lock

artifact() { echo "$1/build/$1.wasm"; }
ARTIFACTS='*/build/*'
# Tests and texts make no difference to a module.
OTHERS='-o -name build -o -name scenarios -o -name snapshots -o -name tests -o -name README.md -o -name Cargo.lock'

. "$TOOLS/recipes.sh"
. "$TOOLS/lock.sh"

# The commands that the examples' own READMEs give, and what makes the bytes the same on every machine.
recipe() {
  case $(kind "$1") in
  as) echo 'npm run --silent build && cp "build/$NAME.wasm" "$OUT"' ;;
  rust)
    echo 'cp ../../plugins-under-test/Cargo.lock . && RUSTFLAGS="$REMAP" cargo build --release --target wasm32-wasip1 --target-dir "$RAW"' \
      '&& cp "$RAW/wasm32-wasip1/release/api_key.wasm" "$OUT"'
    ;;
  go)
    echo 'GOOS=wasip1 GOARCH=wasm GOFLAGS= GOWORK=off GOTOOLCHAIN=local' \
      "go build -trimpath -buildvcs=false -buildmode=c-shared -ldflags='-s -w -buildid=' -o \"\$OUT\" ."
    ;;
  esac
}

prepare() {
  case $(kind "$1") in
  as) node_modules "$1" ;;
  rust)
    (cd ../plugins-under-test && cargo fetch --quiet --locked --target wasm32-wasip1)
    remap_registry
    ;;
  esac
}

shared_sources() {
  case $(kind "$1") in
  rust) echo "$PINS" ;;
  esac
}

. "$TOOLS/main.sh"
