#!/usr/bin/env bash
# Builds workloads.wasm anew. Needs the target wasm32-wasip1; paths of the machine do not get into the module.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS RUSTC_WRAPPER CARGO_TARGET_DIR
remap=
for source in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
  remap="$remap --remap-path-prefix=$source=/crates"
done
RUSTFLAGS="$remap" cargo build --locked --release --target wasm32-wasip1
cp target/wasm32-wasip1/release/workloads.wasm .
