/** The generated users, as in the original: `Cornell_0` to `Cornell_500`, the password being the number ten times. */
import { createHash } from 'node:crypto';

const USERS = 501;

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** SHA-256 of each user's password by name. */
export function generateUsers(): Map<string, Buffer> {
  const users = new Map<string, Buffer>();
  for (let user = 0; user < USERS; user++) users.set(`Cornell_${user}`, sha256(String(user).repeat(10)));
  return users;
}
