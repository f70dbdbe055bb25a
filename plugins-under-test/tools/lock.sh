# Writing artifacts.lock and checking against it. Sourced by build.sh.
#
# The lock is JSON, one member a line, so that a diff reads well and a shell can
# read it. Per artifact: digest and size of the module, the digest over its sources
# (sha256 of what `sha256sum` prints for them, in the order of their paths), the
# build command, the tools, and the sources each.

LOCK=artifacts.lock

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

digest_of() { sha256 <"$1" | cut -d' ' -f1; }

# More of `find`'s tests: what lies in a plugin's folder, and is none of its sources.
OTHERS=${OTHERS-}

# `DIGEST  PATH` for each source of a plugin, in the order of the paths.
sources() {
  {
    shared_sources "$1" | tr ' ' '\n'
    find "$1" \( -name node_modules -o -name target -o -name '.?*' $OTHERS \) -prune -o -type f -print
  } | sort | while read -r file; do sha256 "$file"; done
}

# The members of a plugin's record that are judged, as they stand in the folder now.
facts() {
  local command
  command=$(recipe "$1" | sed 's/\\/\\\\/g; s/"/\\"/g')
  echo "      \"sha256\": \"$(digest_of "$(artifact "$1")")\","
  echo "      \"bytes\": $(($(wc -c <"$(artifact "$1")"))),"
  echo "      \"sources_sha256\": \"$(sources "$1" | sha256 | cut -d' ' -f1)\","
  echo "      \"build\": \"$command\","
  echo "      \"sources\": {"
  sources "$1" | sed 's/^\([0-9a-f]*\)  \(.*\)/        "\2": "\1",/; $s/,$//'
  echo "      },"
}

# A plugin's record as the lock has it, without its first and last line.
recorded() {
  [ ! -f $LOCK ] || sed -n "/^    \"$1\": {\$/,/^    }/p" $LOCK | sed '1d; $d'
}

recorded_names() {
  [ ! -f $LOCK ] || sed -n 's/^    "\([^"]*\)": {$/\1/p' $LOCK
}

# Writes the lock anew: this plugin as it is now, the others as they were recorded.
record() {
  local name body separator=""
  {
    echo '{'
    echo '  "schema": "'"$SCHEMA"'",'
    echo '  "artifacts": {'
    for name in $(names); do
      if [ "$name" = "$1" ]; then
        body=$(facts "$1" && echo "      \"tools\": {$(tools_of "$1")}")
      else
        body=$(recorded "$name")
      fi
      [ -n "$body" ] || continue
      printf '%s    "%s": {\n%s\n    }' "$separator" "$name" "$body"
      separator=$',\n'
    done
    printf '\n  }\n}\n'
  } >$LOCK.new
  mv $LOCK.new $LOCK
}

member() { sed -n "s/^      \"$1\": \(.*\),\$/\1/p"; }

# Compares the folder with the lock; names what is stale and what to run.
check() {
  local name lock now changed file stale="" count=0
  complain() { echo "stale: $name: $1"; stale="$stale $name"; }

  for name in $(names); do
    count=$((count + 1))
    lock=$(recorded "$name")
    file=$(artifact "$name")
    if [ ! -f "$file" ]; then complain "$file is missing"; continue; fi
    if [ -z "$lock" ]; then complain "$LOCK does not know it"; continue; fi
    now=$(facts "$name")
    if [ "$(member sha256 <<<"$lock")" != "$(member sha256 <<<"$now")" ]; then
      complain "$file is not the module that was recorded"
    fi
    if [ "$(member build <<<"$lock")" != "$(member build <<<"$now")" ]; then
      complain "its build command has changed"
    fi
    if [ "$(member sources_sha256 <<<"$lock")" != "$(member sources_sha256 <<<"$now")" ]; then
      changed=$(comm -3 <(listed <<<"$lock") <(listed <<<"$now") | cut -d'"' -f2 | sort -u)
      for file in $changed; do complain "$file has changed since the build"; done
    fi
  done
  for name in $(recorded_names); do
    if [ -z "$(kind "$name")" ]; then
      echo "extra: $LOCK records $name, which $SCRIPT does not build: remove the record"
      stale="$stale -"
    fi
  done
  for file in $ARTIFACTS; do
    [ -e "$file" ] || continue
    name=${file##*/}
    if [ "${name%.wasm}" = "$name" ] || [ -z "$(kind "${name%.wasm}")" ] || [ "$(artifact "${name%.wasm}")" != "$file" ]; then
      echo "extra: $file is nothing that $SCRIPT builds: remove it"
      stale="$stale -"
    fi
  done

  if [ -z "$stale" ]; then
    echo "$count artifacts are up to date"
    return 0
  fi
  stale=$(tr ' ' '\n' <<<"$stale" | sort -u | grep -v '^-*$' | tr '\n' ' ' || true)
  [ -z "$stale" ] || echo "run: $SCRIPT ${stale% }"
  return 1
}

# The source lines of a record, sorted, and without the commas that depend on place.
listed() { sed -n 's/^        \(".*"\),\{0,1\}$/\1/p' | sort; }
