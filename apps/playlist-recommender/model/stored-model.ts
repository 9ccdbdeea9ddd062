/**
 * Text formats of rules and checkpoints. Rules refer to songs by index in a list, since each song occurs in hundreds of
 * rules. A checkpoint names the file of its rules.
 */
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { describeFieldErrors, type FieldError } from '../../../contract/field-errors.ts';
import { failure, type Result, success } from '../../../contract/result.ts';
import type { Rule } from './model.ts';

const Share = Type.Number({ minimum: 0, maximum: 1 });

const StoredCheckpoint = Type.Object({
  version: Type.String({ minLength: 1 }),
  dataset: Type.String({ minLength: 1 }),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  minSupport: Share,
  minConfidence: Share,
  maxSongs: Type.Optional(Type.Integer({ minimum: 2 })),
  maxRules: Type.Optional(Type.Integer({ minimum: 1 })),
  maxSeconds: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  date: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T' }),
  // A file name, not a path: the rules are in the checkpoint's folder.
  rules: Type.String({ pattern: '^rules-[0-9a-f]{16}\\.json$' }),
});
/** A `Source` with the time of mining and the file of the rules. */
export type Checkpoint = Static<typeof StoredCheckpoint>;
const checkpoints = Compile(StoredCheckpoint);

const SongNumber = Type.Integer({ minimum: 0 });
const StoredRules = Type.Object({
  songs: Type.Array(Type.String()),
  /** Antecedent, consequent, support, confidence, lift. */
  rules: Type.Array(Type.Tuple([Type.Array(SongNumber), SongNumber, Share, Share, Type.Number({ minimum: 0 })])),
});
// Compiled, because a replica answers no request while it checks thousands of rules.
const storedRules = Compile(StoredRules);

export function encodeCheckpoint(checkpoint: Checkpoint): string {
  return `${JSON.stringify(checkpoint, undefined, 2)}\n`;
}

/** A failure names the field. */
export function decodeCheckpoint(text: string): Result<Checkpoint> {
  return decode(checkpoints, text, 'checkpoint');
}

export function encodeRules(rules: readonly Rule[]): string {
  const numbers = new Map<string, number>();
  const numberOf = (song: string): number => {
    const number = numbers.get(song) ?? numbers.size;
    numbers.set(song, number);
    return number;
  };
  const stored = rules.map(({ antecedent, consequent, support, confidence, lift }) => [
    antecedent.map(numberOf),
    numberOf(consequent),
    support,
    confidence,
    lift,
  ]);
  return JSON.stringify({ songs: [...numbers.keys()], rules: stored });
}

/** A failure names the field. */
export function decodeRules(text: string): Result<Rule[]> {
  const read = decode(storedRules, text, 'rules');
  if (!read.ok) return read;
  const { songs, rules } = read.value;
  const decoded: Rule[] = [];
  for (const [index, [antecedent, consequent, support, confidence, lift]] of rules.entries()) {
    const [song, ...others] = [consequent, ...antecedent].map((number) => songs[number]);
    const known = others.filter((other) => other !== undefined);
    if (song === undefined || known.length < others.length) {
      return failure('INVALID_MODEL', `rules[${index}]: names a song that is not in songs`);
    }
    decoded.push({ antecedent: known, consequent: song, support, confidence, lift });
  }
  return success(decoded);
}

interface Validator<T> {
  Check(value: unknown): value is T;
  Errors(value: unknown): readonly FieldError[];
}

function decode<T>(validator: Validator<T>, text: string, what: string): Result<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return failure('INVALID_MODEL', `${what}: is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (validator.Check(value)) return success(value);
  return failure('INVALID_MODEL', `${what}: ${describeFieldErrors(validator.Errors(value), 'the whole')}`);
}
