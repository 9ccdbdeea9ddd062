/** Reports of one node as the lines of a long request: for agents, to whom each answer is one more thing to wake up for. */
import { Readable } from 'node:stream';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Failure } from '../../contract/errors.ts';
import { describeFieldErrors, type FieldError } from '../../contract/field-errors.ts';
import { LineSplitter } from '../../contract/line-splitter.ts';
import { AgentReport } from '../../contract/report.ts';
import type { Result } from '../../contract/result.ts';
import { Problem, sendProblem } from './problem.ts';

const Report = Compile(AgentReport);

function parse(line: string): Result<AgentReport> {
  const malformed = (message: string) => ({ ok: false, failure: { code: 'MALFORMED_REPORT', message } }) as const;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return malformed(`body: ${(error as SyntaxError).message}`);
  }
  if (Report.Check(value)) return { ok: true, value };
  return malformed(describeFieldErrors(Report.Errors(value) as unknown as FieldError[], 'body'));
}

/** What a report may be answered, alone or among others. */
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

/** Takes one report in, as if it came alone; what is wrong with it, if anything is. */
export type TakeReport = (report: AgentReport) => Failure | undefined;

/** @param refused hears of what never gets as far as `take` */
export function reportStreamRoute(
  take: TakeReport,
  refused: (failure: Failure) => void,
  longestLine: number,
): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    // Each line counts as one request does.
    const rateOf = app.createRateLimit();
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('application/x-ndjson', (_request, body, parsed) => parsed(null, body));
    app.post(
      '/agent/v1/reports/stream',
      {
        // Lines are checked one by one, as they come.
        validatorCompiler: () => (body) => ({ value: body }),
        schema: {
          summary: "Take in one node's reports, one JSON object (AgentReport) a line, for up to ten seconds",
          description:
            'Each line is taken in as it comes. The answer comes at the end, or with the first line that is refused: those before it count, those after it do not.',
          tags: ['agents'],
          consumes: ['application/x-ndjson'],
          // Of a line.
          body: AgentReport,
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
        const failure = await follow(body, async (line) => {
          const rate = await rateOf(request);
          const parsed: Result<AgentReport> =
            !rate.isAllowed && rate.isExceeded
              ? { ok: false, failure: { code: 'TOO_MANY_REQUESTS', message: 'address: too many reports' } }
              : parse(line);
          return parsed.ok ? take(parsed.value) : refuse(parsed.failure);
        });
        if (failure === undefined) return reply.code(204).send(null);
        // What may still come must not fill the connection, or its sender would not see the answer.
        body.resume();
        sendProblem(reply, failure);
        return reply;
      },
    );
    done();
  };

  function refuse(failure: Failure): Failure {
    refused(failure);
    return failure;
  }

  /** Reads to the end, or to the first line that `each` finds fault with. */
  async function follow(
    body: Readable,
    each: (line: string) => Promise<Failure | undefined>,
  ): Promise<Failure | undefined> {
    const lines = new LineSplitter(longestLine);
    try {
      for await (const chunk of body.iterator({ destroyOnReturn: false })) {
        const complete = lines.push(chunk as Uint8Array);
        if (complete === undefined)
          return refuse({ code: 'BODY_TOO_LARGE', message: `body: a line is longer than ${longestLine} characters` });
        for (const line of complete) {
          const failure = await each(line);
          if (failure !== undefined) return failure;
        }
      }
    } catch (error) {
      if (!body.errored) throw error;
      // The sender is gone: nobody reads this.
      return { code: 'MALFORMED_REPORT', message: 'body: it broke off' };
    }
    return lines.rest === '' ? undefined : each(lines.rest);
  }
}
