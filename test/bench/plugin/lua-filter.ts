/** The rival: the same draw by weight, written for Envoy's Lua filter. */
import type { Endpoint } from '../../envoy/support/envoy-config.ts';
import { ENDPOINT_HEADER, LOAD_HEADER, SESSION_HEADER } from '../../../central-controller/contract/names.ts';

/**
 * Less than the plugin does: weights are fixed in the script, nothing is learnt from responses, requests in flight are
 * not counted (the filter has no callback for the end of a stream), nothing is ejected or reported.
 */
export function luaFilter(endpoints: readonly Endpoint[]): object {
  const rows = endpoints.map(({ name, address }, i) => {
    const session = Buffer.from(address).toString('base64');
    return `  { "${name}", "${session}", ${(i + 1) / endpoints.length} },`;
  });
  const script = `
local replicas = {
${rows.join('\n')}
}

function envoy_on_request(handle)
  local mark = math.random()
  local low, high = 1, #replicas
  while low < high do
    local middle = math.floor((low + high) / 2)
    if replicas[middle][3] > mark then high = middle else low = middle + 1 end
  end
  local headers = handle:headers()
  headers:replace("${ENDPOINT_HEADER}", replicas[low][1])
  headers:replace("${SESSION_HEADER}", replicas[low][2])
end

function envoy_on_response(handle)
  local headers = handle:headers()
  headers:remove("${SESSION_HEADER}")
  headers:remove("${LOAD_HEADER}")
end
`;
  return {
    name: 'envoy.filters.http.lua',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
      default_source_code: { inline_string: script },
    },
  };
}
