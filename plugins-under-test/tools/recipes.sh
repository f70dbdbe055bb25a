# How each kind of plugin is built. Sourced by build.sh.
#
# A recipe is the text of a command, because artifacts.lock records it. It runs in
# the plugin's folder and writes the finished module to $OUT, by way of $RAW. What
# differs between machines is in variables that `prepare` exports, so that the text
# is the same everywhere, and no path of a machine gets into a module.

# The lock file with the versions of the Rust crates.
PINS=${PINS-Cargo.lock}

# Settings of the caller that would change what the compilers produce.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS RUSTC_WRAPPER CARGO_TARGET_DIR

recipe() {
  case $(kind "$1") in
  as)
    # Envoy has no env.abort, so the SDK's own abort takes its place.
    echo 'node_modules/.bin/asc assembly/index.ts -b "$RAW" --use abort=abort_proc_exit -Oz --debug' \
      '&& "$WASM_OPT" -Os -g "$RAW" -o "$OUT"'
    ;;
  cpp)
    # -g for the function names alone; the rest of the debug info goes.
    echo '"$ZIG" c++ -target wasm32-wasi -mexec-model=reactor -std=c++20 -Os -g -flto -fno-exceptions -fno-rtti' \
      '-Wall -Wextra -Werror -Wl,--export=malloc -Wl,-z,stack-size=65536 plugin.cc -o "$RAW"' \
      '&& "$WASM_OPT" -Os -g --strip-dwarf "$RAW" -o "$OUT"'
    ;;
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

# Sees to what a recipe needs besides cargo and go: the pinned tools, and the Rust
# crates, whose folder has to be known before they are compiled.
prepare() {
  case $(recipe "$1") in
  *WASM_OPT*)
    export WASM_OPT="$PWD/$TOOLS/node_modules/.bin/wasm-opt"
    node_modules "$TOOLS"
    ;;
  esac
  case $(kind "$1") in
  as) node_modules "$1" ;;
  cpp)
    export ZIG="$PWD/$TOOLS/python/bin/python-zig"
    if ! cmp -s "$1/requirements.txt" $TOOLS/python/installed.txt; then
      rm -rf $TOOLS/python
      python3 -m venv $TOOLS/python
      $TOOLS/python/bin/pip install --quiet --requirement "$1/requirements.txt"
      cp "$1/requirements.txt" $TOOLS/python/installed.txt
    fi
    ;;
  rust)
    cargo fetch --quiet --locked --target wasm32-wasip1
    remap_registry
    ;;
  esac
}

# Leaves in REMAP the flags by which no module names a folder of this machine.
remap_registry() {
  export REMAP="" source
  for source in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
    REMAP="$REMAP --remap-path-prefix=$source=/crates"
  done
}

# Installs what a folder's npm lock file says, unless that is done.
node_modules() {
  if [ "$1/package-lock.json" -nt "$1/node_modules/.package-lock.json" ]; then
    (cd "$1" && npm ci --silent --no-audit --no-fund)
  fi
}

# The sources of a plugin, besides its own folder.
shared_sources() {
  case $(recipe "$1") in
  *WASM_OPT*) echo "$TOOLS/package-lock.json" ;;
  esac
  case $(kind "$1") in
  rust) echo Cargo.toml Cargo.lock ;;
  esac
}

# The version of a package in an npm lock file.
locked_version() {
  sed -n "\\|^    \"node_modules/$2\": {\$|{n;s/.*\"version\": \"\(.*\)\".*/\1/p;}" "$1"
}

# The tools that a module came out of, as JSON members.
tools_of() {
  {
    case $(kind "$1") in
    as)
      tool assemblyscript "$(locked_version "$1/package-lock.json" assemblyscript)"
      tool @solo-io/proxy-runtime "$(locked_version "$1/package-lock.json" @solo-io/proxy-runtime)"
      ;;
    cpp) tool zig "$("$ZIG" version)" ;;
    rust)
      tool rustc "$(rustc --version | cut -d' ' -f2)"
      tool proxy-wasm "$(sed -n '/^name = "proxy-wasm"$/{n;s/^version = "\(.*\)"$/\1/p;}' "$PINS")"
      ;;
    go)
      tool go "$(cd "$1" && GOTOOLCHAIN=local go env GOVERSION | cut -c3-)"
      tool proxy-wasm-go-sdk "$(sed -n 's/.*proxy-wasm-go-sdk \(v[^ ]*\).*/\1/p' "$1/go.mod")"
      ;;
    esac
    case $(recipe "$1") in
    *WASM_OPT*) tool wasm-opt "$("$WASM_OPT" --version | cut -d' ' -f3)" ;;
    esac
  } | paste -sd, - | sed 's/,/, /g'
}

tool() { echo "\"$1\": \"$2\""; }
