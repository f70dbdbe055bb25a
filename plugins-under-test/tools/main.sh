# The command line of a build script, over its table PLUGINS (a folder and a kind a
# line). Sourced last: the script has said before where things are.

names() { sed -n 's/^\([a-z_-]*\) .*/\1/p' <<<"$PLUGINS"; }

kind() { sed -n "s/^$1  *//p" <<<"$PLUGINS"; }

# Runs a recipe in the plugin's folder and leaves the module where it belongs.
build() {
  local work
  work=$(mktemp -d)
  echo "building $1" >&2
  if ! (cd "$1" && NAME=$1 RAW=$work/raw.wasm OUT=$work/out.wasm bash -euc "$(recipe "$1")"); then
    rm -rf "$work"
    echo "error: $1 does not build; its module and $LOCK stay as they are" >&2
    return 1
  fi
  mkdir -p "$(dirname "$(artifact "$1")")"
  cat "$work/out.wasm" >"$(artifact "$1")"
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
