/** Who may book: `POST /check?username&password` -> `{correct}`. */
import { timingSafeEqual } from 'node:crypto';
import { generateUsers, sha256 } from '../data/users.ts';
import type { CreateService } from './service.ts';

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
