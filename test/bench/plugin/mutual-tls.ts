/** Mutual TLS between the proxies and the replicas, as Istio has it by default. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';

/** Transport sockets of Envoy for either end of a connection. */
export interface MutualTls extends AsyncDisposable {
  readonly caller: object;
  readonly replica: object;
}

/** One certificate with an elliptic-curve key, as istiod issues: both ends use it, and it is its own authority. */
export async function createMutualTls(): Promise<MutualTls> {
  const folder = await mkdtemp(join(tmpdir(), 'ballast-tls-'));
  const key = join(folder, 'key.pem');
  const certificate = join(folder, 'certificate.pem');
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await run('openssl', [
    'req',
    '-x509',
    ...newKey,
    '-subj',
    '/CN=mesh',
    '-days',
    '30',
    '-keyout',
    key,
    '-out',
    certificate,
  ]);
  const common = {
    tls_certificates: [{ certificate_chain: { filename: certificate }, private_key: { filename: key } }],
    validation_context: { trusted_ca: { filename: certificate } },
    alpn_protocols: ['http/1.1'],
  };
  const socket = (context: object): object => ({
    name: 'envoy.transport_sockets.tls',
    typed_config: { common_tls_context: common, ...context },
  });
  return {
    caller: socket({ '@type': `${TLS}.UpstreamTlsContext` }),
    replica: socket({ '@type': `${TLS}.DownstreamTlsContext`, require_client_certificate: true }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
