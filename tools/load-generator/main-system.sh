#!/usr/bin/env bash
# What a user of the hotel application does from outside the cluster, step by step: docs/guide/main-system.md.
#
#   main-system.sh address       print address and port of the ingress gateway
#   main-system.sh pin           send 100 requests for each replica of the frontend, and count answers and failures
#   main-system.sh load [pod]    put the hotel mix on the gateway for 15 s; with a pod's name, for this replica alone
#
# Environment: NAMESPACE of the application, GATEWAY and GATEWAY_NAMESPACE for another gateway's Service, PORT_NAME of its
# port, INGRESS for an address that kubectl cannot tell, REQUESTS for each replica, DURATION of the load in seconds.
set -euo pipefail

namespace=${NAMESPACE:-hotel-reservation}
gateway=${GATEWAY:-hotel-gateway}
gateway_namespace=${GATEWAY_NAMESPACE:-$namespace}
port_name=${PORT_NAME:-http}
requests=${REQUESTS:-100}
duration=${DURATION:-15}
header=x-lb-endpt
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

of_gateway() {
  kubectl --namespace "$gateway_namespace" get service "$gateway" --output "jsonpath=$1"
}

# The load balancer's address, or else a node's address with the gateway's port there.
address() {
  if [ -n "${INGRESS:-}" ]; then
    echo "$INGRESS"
    return
  fi
  local host port
  host=$(of_gateway '{.status.loadBalancer.ingress[0].ip}{.status.loadBalancer.ingress[0].hostname}')
  port=$(of_gateway "{.spec.ports[?(@.name==\"$port_name\")].port}")
  if [ -z "$host" ]; then
    host=$(kubectl get nodes --output 'jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}')
    host=${host%% *}
    port=$(of_gateway "{.spec.ports[?(@.name==\"$port_name\")].nodePort}")
  fi
  if [ -z "$host" ] || [ -z "$port" ]; then
    echo "the Service $gateway_namespace/$gateway has no address yet: forward its port, and name it in INGRESS" >&2
    return 1
  fi
  echo "$host:$port"
}

# One line for each request: its status, and the replica that answered.
ask() {
  local url="http://$1/user?username=Cornell_1&password=1111111111"
  for _ in $(seq "$requests"); do
    curl --silent --max-time 10 --output /dev/null --dump-header - --header "$header: $2" "$url" | tr -d '\r' |
      awk 'NR == 1 { status = $2 } tolower($1) == "x-served-by:" { pod = $2 } END { print status ? status : "none", pod }' ||
      true
  done
}

pin() {
  local ingress pods pod good failed=0
  ingress=$(address)
  pods=$(kubectl --namespace "$namespace" get pods --selector app=frontend --output 'jsonpath={.items[*].metadata.name}')
  for pod in $pods; do
    good=$(ask "$ingress" "$pod" | grep --count --line-regexp "200 $pod" || true)
    echo "$pod: $good of $requests answered by itself, $((requests - good)) failed or answered by another"
    [ "$good" -eq "$requests" ] || failed=1
  done
  return "$failed"
}

# wrk2 keeps a rate (-R). Debian's wrk has no rate and asks again as soon as it is answered. Without either, the load
# generator of this repository keeps the rate.
load() {
  local ingress flags=()
  ingress=$(address)
  [ -z "${1:-}" ] || flags=(--header "$header: $1")
  if ! command -v wrk > /dev/null; then
    npm run -s load -- --url "http://$ingress" --rate 2 --arrivals poisson --connections 2 --duration "${duration}s" \
      --mix hotel "${flags[@]}"
  elif [[ $(wrk --help 2>&1) == *--rate* ]]; then
    wrk -D exp -t 2 -c 2 -d "$duration" -L -s "$folder/wrk2/mixed-workload_type_1.lua" "${flags[@]}" "http://$ingress" -R 2
  else
    wrk -t 2 -c 2 -d "$duration" --timeout 10 --latency -s "$folder/wrk2/mixed-workload_type_1.lua" "${flags[@]}" "http://$ingress"
  fi
}

case "${1:-}" in
  address) address ;;
  pin) pin ;;
  load) load "${2:-}" ;;
  *)
    sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
