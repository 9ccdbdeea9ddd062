/** What the page shows beside the whole is in its address, so that it can be sent to others: `#shop/search/search-1`. */

/** @typedef {{ namespace: string, service: string, replica?: string }} Target */

/**
 * @param {string} hash with its `#`
 * @returns {Target | undefined} undefined: no service is named
 */
export function readAddress(hash) {
  const parts = hash.slice(1).split('/').map(decoded);
  const [namespace = '', service = '', replica = ''] = parts;
  if (!namespace || !service || parts.length > 3) return undefined;
  return replica ? { namespace, service, replica } : { namespace, service };
}

/** @param {Target} target */
export function addressOf({ namespace, service, replica }) {
  const parts = replica === undefined ? [namespace, service] : [namespace, service, replica];
  return `#${parts.map(encodeURIComponent).join('/')}`;
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
