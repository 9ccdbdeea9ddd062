/** Brings istiod's JSON and ours to one form, so that what is left to differ is meant. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** `maxGrpcTimeout` -> `max_grpc_timeout`; keys that are names of something hold no capitals here. */
function snakeCase(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll(/_(?=\d)/g, '');
}

/** `1.500s` -> `1.5s` */
function plain(text: string): string {
  return /^\d+\.\d+s$/.test(text) ? `${Number.parseFloat(text)}s` : text;
}

/** What protobuf leaves out, or not, by whim. ROUND_ROBIN is the first of its kind, and so the default. */
function isDefault(item: Json): boolean {
  if (item === false || item === null || item === '' || item === 0 || item === 'ROUND_ROBIN') return true;
  return typeof item === 'object' && Object.keys(item).length === 0;
}

/** Both writings of Envoy's JSON in snake case, without defaults and without the fields named. */
export function normalise(value: unknown, without: ReadonlySet<string> = new Set()): Json {
  if (Array.isArray(value)) return value.map((item) => normalise(item, without));
  if (typeof value === 'string') return plain(value);
  if (typeof value !== 'object' || value === null) return value as Json;
  const entries = Object.entries(value)
    .map(([key, item]): [string, Json] => [snakeCase(key), normalise(item, without)])
    .filter(([key, item]) => !without.has(key) && !isDefault(item));
  return Object.fromEntries(entries);
}

/** The objects of one section of a config_dump. */
export function section(dump: unknown, type: string, list: string): JsonObject[] {
  const { configs } = dump as { configs: readonly { readonly '@type': string }[] };
  const found = configs.find((each) => each['@type'] === `type.googleapis.com/envoy.admin.v3.${type}`);
  return ((found as JsonObject | undefined)?.[list] ?? []) as JsonObject[];
}
