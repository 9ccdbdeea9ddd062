/** Exit codes of `ballast`. */
import type { ErrorCode } from '../../contract/errors.ts';

export const EXIT_CODES = {
  done: { code: 0, meaning: 'Done' },
  failed: { code: 1, meaning: 'Refused or failed: the message says why and what to do' },
  usage: { code: 2, meaning: 'An argument or a flag is wrong' },
  unreachable: { code: 3, meaning: 'The controller or the API server does not answer, or is not ready' },
  unknown: { code: 4, meaning: 'There is no such service, replica, node, policy, decision or pause' },
  unfit: { code: 5, meaning: '`ballast doctor` found an error in the cluster' },
} as const;

const USAGE: readonly ErrorCode[] = ['INVALID_FLAG', 'INVALID_REQUEST'];
const UNREACHABLE: readonly ErrorCode[] = ['UNREACHABLE', 'CLUSTER_UNREACHABLE', 'NOT_READY', 'NOT_LEADER'];
const UNKNOWN: readonly ErrorCode[] = [
  'UNKNOWN_SERVICE',
  'UNKNOWN_REPLICA',
  'UNKNOWN_NODE',
  'UNKNOWN_POLICY',
  'UNKNOWN_DECISION',
  'NOT_PAUSED',
];

export function exitCodeOf(code: ErrorCode): number {
  if (USAGE.includes(code)) return EXIT_CODES.usage.code;
  if (UNREACHABLE.includes(code)) return EXIT_CODES.unreachable.code;
  if (UNKNOWN.includes(code)) return EXIT_CODES.unknown.code;
  return EXIT_CODES.failed.code;
}
