/** The rival: the pick written for Envoy's Lua filter. */
import type { Endpoint } from '../../envoy/support/envoy-config.ts';
import { ENDPOINT_HEADER, LOAD_HEADER, SESSION_HEADER } from '../../../contract/names.ts';

/** Draws by weight, sets both headers, and removes them from the response: the least that routing by weight needs. */
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
 * The plugin's policy as far as the filter allows: one draw against a window of others, by the requests in flight that
 * replicas reported and those sent from here, and by failures; scores are kept, as in the plugin. The filter has no callback
 * for the end of a stream, so a request counts as in flight until its response begins; weights stay as they are in the
 * script, and nothing is ejected, shared by workers or reported.
 */
const POLICY = `
local function renew(replica)
  replica.score = (replica.known + 5 * replica.flying + 1) / replica.root * (1 + 20 * replica.failures)
end

for _, replica in ipairs(replicas) do renew(replica) end

function envoy_on_request(handle)
  local count = #replicas
  local chosen = draw()
  local least = chosen.score - 0.5 / chosen.root
  local at = math.floor(handle:timestamp() / 600000 % 1 * count)
  for _ = 1, math.min(16, count) do
    at = at % count + 1
    local rival = replicas[at]
    if rival.score < least then
      least = rival.score
      chosen = rival
    end
  end
  chosen.flying = chosen.flying + 1
  renew(chosen)
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
  local now = handle:timestamp()
  replica.flying = replica.flying - 1
  local failing = replica.failures * math.exp((replica.at - now) / 15000)
  replica.failures = failing + 0.1 * ((status >= 500 and 1 or 0) - failing)
  replica.at = now
  if load ~= nil then replica.known = tonumber(string.match(load, "^%d+")) or 0 end
  renew(replica)
end
`;

export function luaFilter(endpoints: readonly Endpoint[], policy: 'draw' | 'whole'): object {
  const rows = endpoints.map(({ name, address }, i) => {
    const session = Buffer.from(address).toString('base64');
    const learnt = 'known = 0, at = 0, flying = 0, failures = 0';
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
