/** Users and their passwords: `POST /check?username&password` -> `{correct}`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { CreateService } from './service.ts';

const USERS = 501;

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * SHA-256 of each user's password by name. As in the original: `Cornell_0` to `Cornell_500`, password the number ten
 * times.
 */
export function generateUsers(): Map<string, Buffer> {
  const users = new Map<string, Buffer>();
  for (let user = 0; user < USERS; user++) users.set(`Cornell_${user}`, sha256(String(user).repeat(10)));
  return users;
}

export const create: CreateService = () => {
  const users = generateUsers();
  return {
    routes: {
      '/check': ({ query }) => {
        const known = users.get(query.text('username'));
        const given = sha256(query.text('password'));
        return { correct: known !== undefined && timingSafeEqual(known, given) };
      },
    },
  };
};
