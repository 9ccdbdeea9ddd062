/** What was asked of an API server, by whom, and whether it was allowed. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One request to resources; watches are noted when they begin. */
export interface AuditedRequest {
  readonly user: string;
  /** As RBAC names it, such as `patch`. */
  readonly verb: string;
  readonly group: string;
  /** With its subresource, such as `pods/status`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** HTTP status. */
  readonly status: number;
}

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly apiGroup?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code: number };
}

export function auditPolicyOf(folder: string): string {
  return join(folder, 'audit.json');
}

export async function writeAuditPolicy(folder: string): Promise<void> {
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata' }],
  };
  await writeFile(auditPolicyOf(folder), JSON.stringify(policy));
}

/** The requests to resources that a file of `auditLog` holds so far, in their order. */
export async function readAudit(file: string): Promise<AuditedRequest[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as AuditEvent)
    .flatMap(({ stage, verb, user, objectRef, responseStatus }) => {
      // A watch is noted a second time when it ends.
      if (
        objectRef === undefined ||
        (verb === 'watch' && stage !== 'ResponseStarted' && responseStatus?.code === 200)
      ) {
        return [];
      }
      const { resource, subresource, apiGroup = '', namespace = '', name = '' } = objectRef;
      return {
        user: user.username,
        verb,
        group: apiGroup,
        resource: subresource === undefined ? resource : `${resource}/${subresource}`,
        namespace,
        name,
        status: responseStatus?.code ?? 0,
      };
    });
}
