/** Base addresses as users give them to programs, such as `https://user:secret@host:8443/path`. */
import { failure, type Result, success } from './result.ts';

export interface BaseAddress {
  /** Without user and password, so that messages and results can show it. */
  readonly url: URL;
  /** Value of the header Authorization, from user and password of the address. */
  readonly authorization?: string;
}

export interface BaseAddressOptions {
  /** Accept a query, for a program that adds no path to the address. */
  readonly allowsQuery?: boolean;
}

/** Reads a base address. The failure's message has no flag, and never the password. */
export function parseBaseAddress(text: string, { allowsQuery = false }: BaseAddressOptions = {}): Result<BaseAddress> {
  const url = URL.parse(text);
  const shown = withoutCredentials(text);
  if (!url || !/^https?:$/.test(url.protocol)) {
    return failure('INVALID_FLAG', `${shown} is not an http:// or https:// URL such as http://host:8080/path`);
  }
  if (url.hash !== '') return failure('INVALID_FLAG', `${shown} has a fragment, which is never sent: leave out #…`);
  if (url.search !== '' && !allowsQuery) {
    return failure('INVALID_FLAG', `${shown} has a query, behind which no path can be put: leave out ?…`);
  }
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (username === '' && password === '') return success({ url });
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return success({ url, authorization: `Basic ${Buffer.from(credentials).toString('base64')}` });
  } catch {
    return failure('INVALID_FLAG', `${shown}: user or password has a % that is not an encoded character: write %25`);
  }
}

/** Path and query of a request below the address. `path` begins with a slash, or is '' for the address itself. */
export function pathBelow({ url }: BaseAddress, path: string): string {
  return path === '' ? `${url.pathname}${url.search}` : `${url.pathname.replace(/\/+$/, '')}${path}`;
}

/** The text with `***` in the place of user and password, whether or not it is a URL. */
export function withoutCredentials(text: string): string {
  return text.replace(/(^|\/\/)[^/?#\s]*@/, '$1***@');
}
