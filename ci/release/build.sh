#!/usr/bin/env bash
# Builds the command line for one target and packs it: target/dist/proxy-wasm-test-VERSION-TARGET.tar.gz (Windows: .zip)
# and its SHA-256 beside it; the folder that was packed stays there. For musl targets the result is static, and checked to be.
# CARGO_TARGET_DIR stands for `target`, as it does for Cargo.
#
# usage: ci/release/build.sh [TARGET]          # default: x86_64-unknown-linux-musl
#
# Needs Rust with that target (rustup target add TARGET). For musl also a C compiler that knows it, for one dependency:
# musl-gcc (Debian: musl-tools), TARGET's own cross compiler, or zig (pip install ziglang).
set -euo pipefail
cd "$(dirname "$0")/../.."
target="${1:-x86_64-unknown-linux-musl}"
version="$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -1)"
name="proxy-wasm-test-$version-$target"
built="${CARGO_TARGET_DIR:-target}"
mkdir -p "$built/dist"
built="$(cd "$built" && pwd)"
dist="$built/dist"

# The compiler for C, where the target is not this machine's own.
zig_cc() {
    local wrapper="$dist/zig-cc-$1"
    # What the caller says of the target in Rust's words, zig would not understand.
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nfor word; do\n  shift\n  case "$word" in --target=*) ;; *) set -- "$@" "$word" ;; esac\ndone\nexec python3 -m ziglang cc -target %s "$@"\n' "$1" >"$wrapper.new"
    chmod +x "$wrapper.new"
    mv "$wrapper.new" "$wrapper"
    echo "$wrapper"
}
variable="CC_${target//-/_}"
case "$target" in
*-linux-musl)
    arch="${target%%-*}"
    if command -v "$arch-linux-musl-gcc" >/dev/null; then
        compiler="$arch-linux-musl-gcc"
    elif [ "$arch" = "$(uname -m)" ] && command -v musl-gcc >/dev/null; then
        compiler=musl-gcc
    elif python3 -c 'import ziglang' 2>/dev/null; then
        compiler="$(zig_cc "$arch-linux-musl")"
        ar="$dist/zig-ar"
        printf '#!/bin/sh\nexec python3 -m ziglang ar "$@"\n' >"$ar"
        chmod +x "$ar"
        export "AR_${target//-/_}=$ar"
    else
        echo "error: no C compiler for $target" >&2
        echo 'help: install musl-tools, or ziglang with pip' >&2
        exit 2
    fi
    export "$variable=$compiler"
    # Rust brings what a static program for musl needs; any linker of the same machine will do, and rust-lld for others.
    if [ "$arch" != "$(uname -m)" ]; then
        linker="CARGO_TARGET_$(echo "${target//-/_}" | tr '[:lower:]' '[:upper:]')_LINKER"
        export "$linker=rust-lld"
    fi
    ;;
esac

cargo build --release --locked --bin proxy-wasm-test --target "$target"

folder="$dist/$name"
rm -rf "$folder"
mkdir -p "$folder"
program=proxy-wasm-test
case "$target" in *windows*) program=proxy-wasm-test.exe ;; esac
cp "$built/$target/release/$program" LICENSE README.md CHANGELOG.md "$folder/"
# Lines of the source are for our own debugging, and three quarters of the size; names of functions stay.
case "$target" in
*windows*) ;;
*) strip -S "$folder/$program" 2>/dev/null || echo "not stripped: no strip for $target" >&2 ;;
esac

# What runs here is run once: its own version, completions and manual pages.
if "$folder/$program" --version >/dev/null 2>&1; then
    "$folder/$program" --version | grep -Fx "proxy-wasm-test $version"
    mkdir -p "$folder/completions" "$folder/man1"
    for shell in bash elvish fish powershell zsh; do
        "$folder/$program" completions "$shell" >"$folder/completions/proxy-wasm-test.$shell"
    done
    "$folder/$program" man --folder "$folder/man1" >/dev/null
fi
case "$target" in
*-linux-musl)
    # No interpreter: nothing is loaded from the machine that it will run on.
    if command -v readelf >/dev/null && readelf --program-headers "$folder/$program" | grep -q INTERP; then
        echo "error: $folder/$program is not static" >&2
        exit 1
    fi
    ;;
esac

cd "$dist"
case "$target" in
*windows*)
    archive="$name.zip"
    rm -f "$archive"
    if command -v 7z >/dev/null; then 7z a -bso0 "$archive" "$name"; else zip -qr "$archive" "$name"; fi
    ;;
*)
    archive="$name.tar.gz"
    # The same files give the same archive.
    if tar --version 2>/dev/null | grep -q GNU; then
        tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf - "$name" | gzip -n >"$archive"
    else
        tar -czf "$archive" "$name"
    fi
    ;;
esac
if command -v sha256sum >/dev/null; then
    sha256sum "$archive" >"$archive.sha256"
else
    shasum -a 256 "$archive" >"$archive.sha256"
fi
echo "$dist/$archive"
