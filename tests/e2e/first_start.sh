#!/bin/sh
# The promise of tools/run: it serves, the three lines it prints work when pasted, it stops when asked,
# and a second start keeps the data. Takes a port nobody uses; leaves nothing behind.
# Usage: sh tests/e2e/first_start.sh [PORT]
set -eu
cd "$(dirname "$0")/../.."
port=${1:-18080}

dir=$(mktemp -d)
server=""
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$dir"
}
trap cleanup EXIT
export KEYLEDGER_DATA="$dir/data" KEYLEDGER_LISTEN="127.0.0.1:$port"

fail() {
  printf 'first_start: %s\n' "$*" >&2
  sed 's/^/  | /' "$dir"/*.log >&2
  exit 1
}

# start NAME: tools/run in the background, until it answers.
start() {
  sh tools/run >"$dir/$1.log" 2>&1 &
  server=$!
  # A fresh build may go before; a server that died is noticed at once.
  until curl -fsS "http://127.0.0.1:$port/readyz" >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || fail "the $1 start ended by itself"
    sleep 0.2
  done
}

stop() {
  kill -TERM "$server"
  wait "$server" || fail "SIGTERM ended it with code $?"
  server=""
}

start first
[ "$(stat -c %a "$KEYLEDGER_DATA/owner.key")" = 600 ] || fail "the key file is not 0600"
! grep -q -F -f "$KEYLEDGER_DATA/owner.key" "$dir/first.log" || fail "the secret was printed"
grep -E '^(answer=|curl )' "$dir/first.log" >"$dir/lines"
[ "$(wc -l <"$dir/lines")" = 3 ] || fail "not three lines"
sh "$dir/lines" >"$dir/answers.log" 2>&1 || fail "a line failed"
grep -q '"valid": *true' "$dir/answers.log" || fail "the key was not valid"
grep -q '"key.created"' "$dir/answers.log" || fail "the audit trail does not tell of the key"
stop

start second
grep -q '^Keeping' "$dir/second.log" || fail "the second start did not keep the ledger"
curl -fsS "http://127.0.0.1:$port/v1/audit" -H "Authorization: Bearer $(cat "$KEYLEDGER_DATA/owner.key")" |
  grep -q '"key.created"' || fail "the second start lost the key"
stop
echo "first_start: ok"
