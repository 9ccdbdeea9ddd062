/** The page's address names the open replica, such as `#shop/search/search-1`, so that people can share it. */

/** @typedef {{ namespace: string, service: string, replica?: string }} Target */

/**
 * @param {string} hash with its `#`
 * @returns {Target | undefined} undefined: no service is named
 */
export function readAddress(hash) {
  const names = hash.slice(1).split('/').map(decoded);
  const [namespace = '', service = '', replica = ''] = names;
  if (!namespace || !service || names.length > 3) return undefined;
  return replica ? { namespace, service, replica } : { namespace, service };
}

/** @param {Target} target */
export function addressOf({ namespace, service, replica }) {
  const names = replica === undefined ? [namespace, service] : [namespace, service, replica];
  return `#${names.map(encodeURIComponent).join('/')}`;
}

/** @param {string} name */
function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return '';
  }
}
