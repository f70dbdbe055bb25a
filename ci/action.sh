#!/usr/bin/env bash
# What ci/action.yml does: fetch the release for this machine, verify it, run the scenarios with annotations, write the
# summary of the job. In the environment: VERSION, PATHS, CHECK, REPOSITORY, TOOLS (a folder to unpack to), and RELEASES
# in place of the releases of REPOSITORY: a url, or a folder.
set -euo pipefail

case "$(uname -s)-$(uname -m)" in
Linux-x86_64) target=x86_64-unknown-linux-musl ;;
Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
Darwin-arm64) target=aarch64-apple-darwin ;;
Darwin-x86_64) target=x86_64-apple-darwin ;;
*)
    echo "::error::there is no release for $(uname -s) on $(uname -m)"
    exit 2
    ;;
esac
name="proxy-wasm-test-$VERSION-$target"
# A runner keeps actions in .../_actions/OWNER/REPOSITORY/REF.
if [ -z "$REPOSITORY" ] && [ -n "${GITHUB_ACTION_PATH:-}" ]; then
    IFS=/ read -r owner repository _ <<<"${GITHUB_ACTION_PATH#*/_actions/}"
    REPOSITORY="$owner/$repository"
fi
releases="${RELEASES:-https://github.com/$REPOSITORY/releases/download/v$VERSION}"

fetch() {
    case "$releases" in
    *://*) curl --fail --silent --show-error --location --retry 3 --output "$1" "$releases/$1" ;;
    *) cp "$releases/$1" "$1" ;;
    esac
}
mkdir -p "$TOOLS"
if [ ! -x "$TOOLS/$name/proxy-wasm-test" ]; then
    (
        cd "$TOOLS"
        fetch "$name.tar.gz"
        fetch "$name.tar.gz.sha256"
        # The archive is the one that was released, or nothing is run.
        if command -v sha256sum >/dev/null; then
            sha256sum --check --quiet "$name.tar.gz.sha256"
        else
            shasum -a 256 --check --quiet "$name.tar.gz.sha256"
        fi
        tar -xzf "$name.tar.gz"
    )
fi
test="$TOOLS/$name/proxy-wasm-test"

worst=0
note() { if [ "$1" -gt "$worst" ]; then worst="$1"; fi; }
read -ra paths <<<"$PATHS"
# Adds a report to the page of the job, and takes it away: a later step may have none.
tell() {
    if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$1" ]; then cat "$1" >>"$GITHUB_STEP_SUMMARY"; fi
    rm -f "$1"
}
status=0
"$test" run --format github --markdown "$TOOLS/summary.md" "${paths[@]}" || status=$?
note "$status"
tell "$TOOLS/summary.md"
if [ -n "$CHECK" ]; then
    status=0
    with=()
    for path in "${paths[@]}"; do with+=(--scenario "$path"); done
    "$test" check "$CHECK" "${with[@]}" --format github --markdown "$TOOLS/check.md" || status=$?
    note "$status"
    tell "$TOOLS/check.md"
fi
exit "$worst"
