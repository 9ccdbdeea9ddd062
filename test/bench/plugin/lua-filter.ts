/** The rival: the pick written for Envoy's Lua filter. */
import type { Endpoint } from '../../envoy/support/envoy-config.ts';
import { ENDPOINT_HEADER, LOAD_HEADER, SESSION_HEADER } from '../../../central-controller/contract/names.ts';

/** Draws by weight, stamps both headers, takes them off the response: as little as routing by weight can be. */
const DRAW = `
function envoy_on_request(handle)
  local chosen = draw()
  local headers = handle:headers()
  headers:replace("${ENDPOINT_HEADER}", chosen.name)
  headers:replace("${SESSION_HEADER}", chosen.session)
end

function envoy_on_response(handle)
  local headers = handle:headers()
  headers:remove("${SESSION_HEADER}")
  headers:remove("${LOAD_HEADER}")
end
`;

/**
 * The plugin's policy as far as the filter lets it: two draws, requests in flight by what replicas tell and by what was
 * sent since, failures. It has no callback for the end of a stream, so a request counts as in flight until its response
 * begins; weights stay as they are in the script, and nothing is ejected, shared by workers or reported.
 */
const POLICY = `
local function score(replica, now)
  local decay = math.exp(-math.max(now - replica.at, 0) / (4 * replica.latency))
  local remote = replica.mean + (replica.known - replica.mean) * decay + replica.sent
  local failing = replica.failures * math.exp(-math.max(now - replica.at, 0) / 5000)
  return (math.max(replica.flying, remote) + 1) / replica.root * (1 + 20 * failing)
end

function envoy_on_request(handle)
  local now = handle:timestamp()
  local chosen = draw()
  local second = draw()
  if score(second, now) < score(chosen, now) - 0.75 / chosen.root then chosen = second end
  chosen.sent = chosen.sent + 1
  chosen.flying = chosen.flying + 1
  local headers = handle:headers()
  headers:replace("${ENDPOINT_HEADER}", chosen.name)
  headers:replace("${SESSION_HEADER}", chosen.session)
  handle:streamInfo():dynamicMetadata():set("ballast", "replica", chosen.index)
end

function envoy_on_response(handle)
  local mine = handle:streamInfo():dynamicMetadata():get("ballast")
  local headers = handle:headers()
  local load = headers:get("${LOAD_HEADER}")
  local status = tonumber(headers:get(":status"))
  headers:remove("${SESSION_HEADER}")
  headers:remove("${LOAD_HEADER}")
  if mine == nil then return end
  local replica = replicas[mine.replica]
  replica.flying = replica.flying - 1
  replica.failures = replica.failures + 0.1 * ((status >= 500 and 1 or 0) - replica.failures)
  if load == nil then return end
  replica.known = tonumber(string.match(load, "^%d+")) or 0
  replica.at = handle:timestamp()
  replica.sent = 0
end
`;

export function luaFilter(endpoints: readonly Endpoint[], policy: 'draw' | 'whole'): object {
  const rows = endpoints.map(({ name, address }, i) => {
    const session = Buffer.from(address).toString('base64');
    const learnt = 'mean = 1, known = 1, at = 0, latency = 2, sent = 0, flying = 0, failures = 0';
    const root = Math.sqrt(1 / endpoints.length);
    const upTo = (i + 1) / endpoints.length;
    return `  { index = ${i + 1}, name = "${name}", session = "${session}", upTo = ${upTo}, root = ${root}, ${learnt} },`;
  });
  const script = `
local replicas = {
${rows.join('\n')}
}

local function draw()
  local mark = math.random()
  local low, high = 1, #replicas
  while low < high do
    local middle = math.floor((low + high) / 2)
    if replicas[middle].upTo > mark then high = middle else low = middle + 1 end
  end
  return replicas[low]
end
${policy === 'draw' ? DRAW : POLICY}`;
  return {
    name: 'envoy.filters.http.lua',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
      default_source_code: { inline_string: script },
    },
  };
}
