/** `host:port` as it stands in URLs and addresses of endpoints: an IPv6 address is in brackets. */
export function hostPort(host: string, port: number | string): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
