/** Where what is built or fetched once is kept between runs. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The project's folder in the user's cache; `XDG_CACHE_HOME` moves it. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'ballast');
}
