# How each kind of plugin is built. Sourced by build.sh.
#
# A recipe is the text of a command, because artifacts.lock records it. It runs in
# the plugin's folder and writes the finished module to $OUT, by way of $RAW. What
# differs between machines is in variables that `prepare` exports, so that the text
# is the same everywhere, and no path of a machine gets into a module.

# Settings of the caller that would change what the compilers produce.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS RUSTC_WRAPPER CARGO_TARGET_DIR

recipe() {
  case $(kind "$1") in
  rust)
    # -g keeps the function names, which a trap's backtrace shows.
    echo 'RUSTFLAGS="$REMAP" cargo build --locked --release --target wasm32-wasip1 --target-dir ../target -p "$NAME"' \
      '&& "$WASM_OPT" -Os -g ../target/wasm32-wasip1/release/"$NAME".wasm -o "$OUT"'
    ;;
  go)
    # Go does not write down which features its code uses: these.
    echo 'GOOS=wasip1 GOARCH=wasm GOFLAGS= GOWORK=off GOTOOLCHAIN=local' \
      "go build -trimpath -buildvcs=false -buildmode=c-shared -ldflags='-s -w -buildid=' -o \"\$RAW\" ." \
      '&& "$WASM_OPT" -Os --enable-bulk-memory --enable-sign-ext --enable-nontrapping-float-to-int "$RAW" -o "$OUT"'
    ;;
  esac
}

# Sees to what a recipe needs besides the compilers: wasm-opt, and the Rust crates,
# whose folder has to be known before their sources are compiled.
prepare() {
  export WASM_OPT="$PWD/tools/node_modules/.bin/wasm-opt"
  if [ ! -x "$WASM_OPT" ]; then
    (cd tools && npm ci --silent --no-audit --no-fund)
  fi
  case $1 in
  rust)
    cargo fetch --quiet --locked --target wasm32-wasip1
    export REMAP="" source
    for source in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
      REMAP="$REMAP --remap-path-prefix=$source=/crates"
    done
    ;;
  esac
}

# The sources of a plugin, besides its own folder.
shared_sources() {
  echo tools/package-lock.json
  case $(kind "$1") in
  rust) echo Cargo.toml Cargo.lock ;;
  esac
}

# The tools that a module came out of, as JSON members.
tools_of() {
  case $(kind "$1") in
  rust)
    printf '"rustc": "%s", ' "$(rustc --version | cut -d' ' -f2)"
    printf '"proxy-wasm": "%s", ' "$(sed -n '/^name = "proxy-wasm"$/{n;s/^version = "\(.*\)"$/\1/p;}' Cargo.lock)"
    ;;
  go)
    printf '"go": "%s", ' "$(cd "$1" && GOTOOLCHAIN=local go env GOVERSION | cut -c3-)"
    printf '"proxy-wasm-go-sdk": "%s", ' "$(sed -n 's/.*proxy-wasm-go-sdk \(v[^ ]*\).*/\1/p' "$1/go.mod")"
    ;;
  esac
  printf '"wasm-opt": "%s"' "$("$WASM_OPT" --version | cut -d' ' -f3)"
}
