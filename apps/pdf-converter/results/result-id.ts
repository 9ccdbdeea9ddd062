/**
 * Names of results: `<tag of the replica>.<128 random bits>`. Whoever has the name can fetch the result, so nobody can
 * guess one; and every replica sees of a name which replica has the result.
 */
import { createHash, randomBytes } from 'node:crypto';

const ID = /^([\w-]{8})\.[\w-]{22}$/;

/** Tells replicas apart by their `ip:port` without handing that out. No secret: there are not so many addresses. */
export function replicaTag(address: string): string {
  return createHash('sha256').update(address).digest('base64url').slice(0, 8);
}

export function newResultId(tag: string): string {
  return `${tag}.${randomBytes(16).toString('base64url')}`;
}

/** Tag of the replica that has the result; undefined where this is the name of none. */
export function tagOf(id: string): string | undefined {
  return ID.exec(id)?.[1];
}
