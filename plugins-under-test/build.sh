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

TOOLS=tools
SCHEMA=plugins-under-test/artifacts.lock/1
SCRIPT=plugins-under-test/build.sh

# The module of a plugin, and where nothing else may lie.
artifact() { echo "artifacts/$1.wasm"; }
ARTIFACTS='artifacts/*'

. tools/recipes.sh
. tools/lock.sh
. tools/main.sh
