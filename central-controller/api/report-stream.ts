/** Reports of one node as the lines of a long request: every answer would wake the agent. */
import { Readable } from 'node:stream';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { type Static, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { boundedErrors } from '../../contract/bounded-errors.ts';
import type { Failure } from '../../contract/errors.ts';
import { describeFieldErrors } from '../../contract/field-errors.ts';
import { LineSplitter } from '../../contract/line-splitter.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import { Problem, sendProblem } from './problem.ts';

/** An agent sends four lines a second by default, and twenty at most. A burst after a pause passes, too. */
const LINES_PER_SECOND = 40;

/** Answers to a report, alone or among others. */
export const REPORT_ANSWERS = {
  204: Type.Null(),
  400: Problem,
  404: Problem,
  409: Problem,
  413: Problem,
  415: Problem,
  429: Problem,
  503: Problem,
};

/** One version of the reports. */
export interface ReportProtocol<Schema extends TSchema> {
  /** Of single reports; the stream is below it. */
  readonly path: string;
  readonly schema: Schema;
  /** Of the schema, for people. */
  readonly schemaName: string;
  readonly maxBytes: number;
  /** Takes one report. Returns why it is refused. */
  readonly take: (report: Static<Schema>) => Failure | undefined;
  /** Gets what is refused before `take`. */
  readonly onRefused: (failure: Failure) => void;
}

export function reportStreamRoute<Schema extends TSchema>({
  path,
  schema,
  schemaName,
  maxBytes,
  take,
  onRefused,
}: ReportProtocol<Schema>): FastifyPluginCallbackTypebox {
  const parse = reportParser(schema);
  const refuse = (refused: Failure): Failure => {
    onRefused(refused);
    return refused;
  };

  return (app, _options, done) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('application/x-ndjson', (_request, body, parsed) => parsed(null, body));
    app.post(
      `${path}/stream`,
      {
        // The lines are checked one by one, as they come.
        validatorCompiler: () => (body) => ({ value: body }),
        schema: {
          summary: `Take one node's reports, one JSON object (${schemaName}) a line, for up to ten seconds`,
          description:
            'Each line is taken as it comes. The answer comes at the end, or with the first refused line: those before it count, those after it do not.',
          tags: ['agents'],
          consumes: ['application/x-ndjson'],
          // Of a line.
          body: schema,
          response: REPORT_ANSWERS,
        },
      },
      async (request, reply) => {
        const body: unknown = request.body;
        if (!(body instanceof Readable)) {
          const message = 'content-type: there is none, and no body';
          sendProblem(reply, refuse({ code: 'UNSUPPORTED_MEDIA_TYPE', message }));
          return reply;
        }
        const isWithinRate = rateLimit();
        const refused = await readLines(body, maxBytes, (line) => {
          if (line === undefined) {
            return refuse({ code: 'BODY_TOO_LARGE', message: `body: a line is longer than ${maxBytes} characters` });
          }
          if (!isWithinRate()) return refuse({ code: 'TOO_MANY_REQUESTS', message: 'connection: too many reports' });
          const parsed = parse(line);
          return parsed.ok ? take(parsed.value) : refuse(parsed.failure);
        });
        if (refused === undefined) return reply.code(204).send(null);
        // The rest of the body is read and dropped, or the agent would not see the answer.
        body.resume();
        sendProblem(reply, refused);
        return reply;
      },
    );
    done();
  };
}

function reportParser<Schema extends TSchema>(schema: Schema): (line: string) => Result<Static<Schema>> {
  const compiled = Compile(schema);
  return (line) => {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      return failure('MALFORMED_REPORT', `body: ${(error as SyntaxError).message}`);
    }
    if (compiled.Check(value)) return success(value);
    return failure('MALFORMED_REPORT', describeFieldErrors(boundedErrors(schema, value), 'body'));
  };
}

/** Whether one more line of a connection is within the rate. */
function rateLimit(): () => boolean {
  let second = 0;
  let lines = 0;
  return () => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) [second, lines] = [now, 0];
    lines += 1;
    return lines <= LINES_PER_SECOND;
  };
}

/**
 * Reads to the end, or to the first line that is refused. A line that is too long is undefined. A body that breaks off
 * counts up to there: nobody reads the answer.
 */
function readLines(
  body: Readable,
  maxLength: number,
  each: (line: string | undefined) => Failure | undefined,
): Promise<Failure | undefined> {
  const lines = new LineSplitter(maxLength);
  return new Promise((resolve, reject) => {
    const attempt = (read: () => Failure | undefined): boolean => {
      try {
        const refused = read();
        if (refused !== undefined) end(refused);
        return refused === undefined;
      } catch (defect) {
        body.off('data', onData);
        reject(defect as Error);
        return false;
      }
    };
    const end = (refused: Failure | undefined): void => {
      body.off('data', onData);
      resolve(refused);
    };
    const onData = (chunk: Uint8Array): void => {
      const complete = lines.push(chunk);
      if (complete === undefined) attempt(() => each(undefined));
      else complete.every((line) => attempt(() => each(line)));
    };
    body.on('data', onData);
    body.once('end', () => {
      if (lines.rest === '' || attempt(() => each(lines.rest))) end(undefined);
    });
    body.once('error', () => end({ code: 'MALFORMED_REPORT', message: 'body: it broke off' }));
  });
}
