# What the pages of this folder call with: bash, curl and Python. Read it first, then a file of keys:
#   . docs/trade-in/calls.sh; . "$KEYS/guangdong.sh"

# One field of an answer: `… | of claim.claim_id`, `… | of decisions.0.amount_fen`
of() { python3 -c 'import functools, json, sys
text = sys.stdin.read()
try:
    found = functools.reduce(lambda value, name: value[int(name) if isinstance(value, list) else name],
                             sys.argv[1].split("."), json.loads(text))
except (KeyError, IndexError, ValueError):
    sys.exit(f"no {sys.argv[1]} in: {text}")
sys.stdout.write(str(found))' "$1"; }

# A fresh id for a request; the same request sent again keeps its id.
new_id() { cat /proc/sys/kernel/random/uuid; }

# get TOKEN ADDRESS [WHY]: a look says why it is made.
get() { curl -s "$B$2" -H "Authorization: Bearer $1" -H "Purpose: ${3:-practice}"; echo; }

# post TOKEN ADDRESS [BODY]
post() { curl -s "$B$2" -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -d "${3:-{\}}"; echo; }

# step TOKEN PARTY CLAIM STEP [MEMBERS OF THE BODY]: one step of a party on a claim.
step() { post "$1" "/v1/trade-in/$2/claims/$3/$4" "{\"request_id\": \"$(new_id)\"${5:+, $5}}"; }

# sign_in KIND LOGIN PASSWORD: a token for an operator or for somebody's staff.
sign_in() {
  curl -s "$B/v1/sessions" -H 'Content-Type: application/json' \
    -d "{\"kind\": \"$1\", \"region\": \"$REGION\", \"login_name\": \"$2\", \"password\": \"$3\"}" | of token
}

# until_state FINANCE CLAIM STATE: wait until finance sees a claim in a state; it follows its roster and its bank a moment later.
until_state() {
  local said
  for _ in $(seq 120); do
    said=$(get "$1" "/v1/trade-in/finance/claims/$2")
    case "$said" in *"\"state\":\"$3\""*) echo "$3"; return ;; esac
    sleep 1
  done
  echo "not $3 after two minutes: $said"
  return 1
}

# apply RESIDENT OLD_CODE [FACTS]: a resident asks to be qualified; gives the claim's number.
apply() {
  post "$1" /v1/wallet/trade-in/claims "{\"request_id\": \"$(new_id)\", \"place\": \"$REGION\", \"old_code\": \"$2\",
    \"facts\": {\"old_battery\": \"lithium\"${3:+, $3}}}" | of claim.claim_id
}
