#!/bin/sh
# Both seeds' steps, with real curl against the built program: get a key, use it, rotate it, revoke it,
# find out which key does what. Ends with `keyledger verify` on the data of the run.
# Usage: seed_steps.sh PATH-OF-keyledger
set -eu
program=$1
dir=$(mktemp -d)
server=""
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$dir"
}
trap cleanup EXIT

say() { printf '%s\n' "$*"; }
fail() {
  say "FAILED: $*" >&2
  [ ! -f "$dir/answer" ] || cat "$dir/answer" >&2
  exit 1
}

# get PATH: one value of the last answer, for example get key.id
get() {
  python3 -c 'import json, sys
value = json.load(open(sys.argv[1]))
for part in sys.argv[2].split("."):
    value = value[int(part)] if isinstance(value, list) else value[part]
print(json.dumps(value) if isinstance(value, (dict, list)) or value is None else value)' "$dir/answer" "$1"
}
# same PATH VALUE: the last answer says so.
same() {
  value=$(get "$1") || fail "no $1 in the answer"
  [ "$value" = "$2" ] || fail "$1 is $value instead of $2"
}
# call STATUS METHOD PATH [BODY] [CURL-OPTION...]
call() {
  status=$1 method=$2 path=$3 body=${4-}
  shift 3
  [ $# -eq 0 ] || shift
  set -- -sS -o "$dir/answer" -w '%{http_code}' -X "$method" \
    -H "Authorization: Bearer $(cat "$dir/owner.key")" "$@"
  [ -z "$body" ] || set -- "$@" -H 'Content-Type: application/json' -d "$body"
  got=$(curl "$@" "$url$path")
  [ "$got" = "$status" ] || fail "$method $path answered $got instead of $status"
}

"$program" init --data "$dir/data" --workspace acme --owner-name Ada --owner-email ada@example.com \
  --key-file "$dir/owner.key" >"$dir/init.out"
[ "$(stat -c %a "$dir/owner.key")" = 600 ] || fail "the key file is not 0600"
! grep -q "$(cat "$dir/owner.key")" "$dir/init.out" || fail "init printed the secret"
: >"$dir/log" # there before it is read
"$program" serve --data "$dir/data" --listen 127.0.0.1:0 --log-format json >>"$dir/log" 2>&1 &
server=$!
port=""
while [ -z "$port" ]; do
  kill -0 "$server" 2>/dev/null || fail "the server ended: $(cat "$dir/log")"
  port=$(sed -n 's/.*"serving","listen":"127\.0\.0\.1:\([0-9]*\)".*/\1/p' "$dir/log")
done
url=http://127.0.0.1:$port

say "Quo: get an API key, named after what will use it; one key per integration"
call 201 POST /v1/keys '{"type":"private","name":"crm-sync","reason":"nightly contact sync"}'
crm=$(get key.id) crm_secret=$(get secret)
same key.status active
call 409 POST /v1/keys '{"type":"private","name":"crm-sync"}'
same code name_taken
call 201 POST /v1/keys '{"type":"private","name":"claude-agent"}'
agent=$(get key.id) agent_secret=$(get secret)

say "Quo: use the key; raw in Authorization, as its curl line sends it"
got=$(curl -sS -o "$dir/answer" -w '%{http_code}' -H "Authorization: $crm_secret" "$url/v1/whoami")
[ "$got" = 200 ] || fail "whoami with the raw key answered $got"
same key.name crm-sync
call 200 POST /v1/keys/verify "{\"key\":\"$crm_secret\"}"
same code VALID
same key.scopes '["ALL"]'

say "Quo: rotate on departure, without an outage"
call 200 POST "/v1/keys/$crm/rotate" '{"overlap_seconds":3600,"reason":"Bo left"}'
crm_new=$(get secret)
for secret in "$crm_secret" "$crm_new"; do
  call 200 POST /v1/keys/verify "{\"key\":\"$secret\"}"
  same code VALID
done
call 200 POST "/v1/keys/$crm/retire" '{}'
call 200 POST /v1/keys/verify "{\"key\":\"$crm_secret\"}"
same code SECRET_RETIRED

say "Quo: delete; access ends at once, every other key keeps working"
call 200 DELETE "/v1/keys/$crm" '{"reason_code":"superseded","comment":"moved to the new CRM"}'
position=$(get position)
same key.status revoked
call 200 POST /v1/keys/verify "{\"key\":\"$crm_new\"}"
same code REVOKED
same decided_by.position "$position"
call 200 POST /v1/keys/verify "{\"key\":\"$agent_secret\"}"
same code VALID

say "Quo: lost track of which key does what?"
call 200 GET '/v1/keys?type=private&status=active'
same data.0.name claude-agent
# One verify just now.
same data.0.use_count 1
call 200 GET "/v1/keys/$crm/history"
actions=$(python3 -c 'import json, sys
print(" ".join(entry["action"] for entry in json.load(open(sys.argv[1]))["data"]))' "$dir/answer")
case $actions in
  "key.created key.rotated key.overlap_ended key.retired_secret_presented key.revoked") ;;
  *) fail "the history is $actions" ;;
esac
same data.0.actor.name Ada
same data.4.reason "moved to the new CRM"

say "Quotient: a public key holds to its origins"
call 201 POST /v1/keys '{"type":"public","name":"Production Web App","description":"the shop",
  "allowed_origins":["example.com","https://app.example.org:8080"]}'
web_secret=$(get secret)
case $web_secret in pk_live_*) ;; *) fail "the secret has another form" ;; esac
from() {
  call 200 POST /v1/keys/verify "{\"key\":\"$web_secret\",\"origin\":\"$1\"}"
  same code "$2"
}
from https://example.com VALID
from https://www.example.com VALID
from https://app.example.org:8080 VALID
from https://app.example.org ORIGIN_NOT_ALLOWED
from https://example.com.evil.example ORIGIN_NOT_ALLOWED
call 200 POST /v1/keys/verify "{\"key\":\"$web_secret\"}"
same code ORIGIN_NOT_ALLOWED
call 400 POST /v1/keys '{"type":"public","name":"x","allowed_origins":["http://",":3000",".com"]}'
same errors.2.field 'allowed_origins[2]'

say "Quotient: a private key with scopes and an expiry"
call 201 POST /v1/keys '{"type":"private","name":"Data export","environment":"test",
  "scopes":["ANALYTICS_READ","AUDIENCE_READ"],"ttl_seconds":3600,"description":"Trial"}'
export_key=$(get key.id) export_secret=$(get secret)
case $export_secret in sk_test_*) ;; *) fail "the secret has another form" ;; esac

say "Quotient: granular scopes"
call 200 POST /v1/keys/verify "{\"key\":\"$export_secret\",\"scopes\":[\"ANALYTICS_READ\"]}"
same code VALID
call 200 POST /v1/keys/verify "{\"key\":\"$export_secret\",\"scopes\":[\"AUDIENCE_WRITE\"]}"
same code SCOPE_NOT_GRANTED
call 200 POST /v1/keys/verify "{\"key\":\"$export_secret\",\"environment\":\"live\"}"
same code ENVIRONMENT_NOT_ALLOWED

say "Quotient: usage tracking, and a key that is suspended while somebody looks into it"
call 200 GET "/v1/keys/$export_key"
same use_count 1
same created_by.name Ada
call 200 POST "/v1/keys/$export_key/suspend" '{"reason":"odd traffic"}'
call 200 POST /v1/keys/verify "{\"key\":\"$export_secret\"}"
same code SUSPENDED
call 200 POST "/v1/keys/$export_key/resume" '{}'
call 200 POST /v1/keys/verify "{\"key\":\"$export_secret\"}"
same code VALID

say "The auditor: who revoked it, and has anyone touched the record?"
call 200 GET '/v1/audit?action=key.revoked'
same data.0.target.id "$crm"
same data.0.actor.name Ada
call 200 GET "/v1/audit/$position"
leaf_hash=$(get leaf_hash)
call 200 GET "/v1/audit/$position/leaf"
mine=$(python3 -c 'import base64, hashlib, json, sys
leaf = base64.b64decode(json.load(open(sys.argv[1]))["leaf"])
print(base64.b64encode(hashlib.sha256(b"\0" + leaf).digest()).decode())' "$dir/answer")
[ "$mine" = "$leaf_hash" ] || fail "the leaf does not hash to what the trail says"

kill "$server"
wait "$server" || fail "the server did not exit 0"
server=""
"$program" verify --data "$dir/data" || fail "verify"
say "All steps of both seeds: as expected."
