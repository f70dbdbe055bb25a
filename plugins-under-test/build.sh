#!/usr/bin/env bash
# Builds the plugins under test into artifacts/ and records them in artifacts.lock.
#
#   ./build.sh            all of them
#   ./build.sh NAME...    these; the records of the others stay
#   ./build.sh --check    builds nothing: says which artifact is stale, exit 1 if any
#
# --check needs only what any Unix has. Building needs the compilers that README.md
# lists. The same compilers give the same bytes on any machine.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")"

# Every plugin here: its folder, and the recipe that builds it.
PLUGINS='
add_header_as      as
defects_go         go
defects_rust       rust
header_logger_rust rust
http_body_cpp      cpp
http_headers_go    go
rate_limiting_go   go
rate_limiting_rust rust
token_bucket_rust  rust
'

. tools/recipes.sh
. tools/lock.sh

names() { sed -n 's/^\([a-z_]*\) .*/\1/p' <<<"$PLUGINS"; }

kind() { sed -n "s/^$1  *//p" <<<"$PLUGINS"; }

# Runs a recipe in the plugin's folder and leaves the module in artifacts/.
build() {
  local work
  work=$(mktemp -d)
  echo "building $1" >&2
  if ! (cd "$1" && NAME=$1 RAW=$work/raw.wasm OUT=$work/out.wasm bash -euc "$(recipe "$1")"); then
    rm -rf "$work"
    echo "error: $1 does not build; artifacts/ and artifacts.lock are unchanged for it" >&2
    return 1
  fi
  mkdir -p artifacts
  cat "$work/out.wasm" >"artifacts/$1.wasm"
  rm -rf "$work"
}

case ${1-} in
--check)
  check
  exit
  ;;
-*)
  echo "usage: $0 [NAME...] | --check" >&2
  exit 2
  ;;
esac

for name in "$@"; do
  if [ -z "$(kind "$name")" ]; then
    echo "error: no plugin is called $name; there are:" $(names) >&2
    exit 2
  fi
done

for name in ${@:-$(names)}; do
  prepare "$name"
  build "$name"
  record "$name"
done
