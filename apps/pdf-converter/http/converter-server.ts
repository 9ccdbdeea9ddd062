/** The routes of a replica: the form, the conversion, and the results. */
import multipart from '@fastify/multipart';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { traceHeaders } from '../../service/trace.ts';
import { jpegToPdf } from '../convert/jpeg-to-pdf.ts';
import { Intake, oneAtATime } from './intake.ts';
import { Refusal } from '../refusal.ts';
import { FORWARDED_HEADER, type Peers, unknownResult } from '../results/peers.ts';
import { type ResultStore, newResultId, replicaTag, tagOf } from '../results/result-store.ts';
import { PAGE_HEADERS, type PageLimits, formPage, resultPage } from './pages.ts';
import { FORM_BYTES, fileTooLarge, formLimits, readUpload } from './upload.ts';

/** Time limit from the first byte of a request to its last. A slower client would only hold memory. */
const UPLOAD_MS = 30_000;
const RETRY_SECONDS = 1;

export interface ConverterOptions extends PageLimits {
  /** Memory that all uploads of a replica together may use. */
  readonly maxUploadBytes: number;
  readonly keepSeconds: number;
  /** `ip:port` by which its peers reach this replica, known once it listens. */
  readonly address: Promise<string>;
  readonly results: ResultStore;
  readonly peers: Peers;
}

const PDF_HEADERS = {
  'content-type': 'application/pdf',
  // A result belongs to one client: no cache on the way may keep it.
  'cache-control': 'private, no-store',
} as const;

function sendPdf(reply: FastifyReply, id: string, pdf: Uint8Array): FastifyReply {
  reply.headers({ ...PDF_HEADERS, 'content-disposition': `inline; filename="${id.replace('.', '-')}.pdf"` });
  return reply.send(pdf);
}

/** A server with all routes, for `runService`. */
export async function converterServer(options: ConverterOptions): Promise<FastifyInstance> {
  const { maxFileBytes, maxPixels, keepSeconds, results, peers } = options;
  const ownTag = options.address.then(replicaTag);
  const intake = new Intake(options.maxUploadBytes);
  const inTurn = oneAtATime();
  const server = fastify({
    keepAliveTimeout: 0,
    forceCloseConnections: false,
    return503OnClosing: false,
    requestTimeout: UPLOAD_MS,
  });
  server.removeAllContentTypeParsers();
  await server.register(multipart, { limits: formLimits(maxFileBytes) });
  server.addHook('onClose', async () => peers.close());
  server.addHook('onRequest', async (_request, reply) => {
    reply.headers({ vary: 'accept', 'x-content-type-options': 'nosniff' });
  });

  async function convert(request: FastifyRequest, reply: FastifyReply): Promise<Uint8Array | undefined> {
    const declared = request.headers['content-length'];
    const bytes = declared === undefined ? maxFileBytes : Number(declared);
    if (bytes > maxFileBytes + FORM_BYTES) throw fileTooLarge(maxFileBytes);
    const leave = intake.enter(bytes);
    if (!leave) throw new Refusal('BUSY', 'This replica holds as many pictures as it can: try again in a second.');
    try {
      const jpeg = await readUpload(request, maxFileBytes);
      // If the client has gone, its turn is skipped.
      return await inTurn(async () => (reply.raw.destroyed ? undefined : jpegToPdf(jpeg, maxPixels)));
    } finally {
      leave();
    }
  }

  server.get('/', async (_request, reply) => reply.headers(PAGE_HEADERS).send(formPage(options)));

  server.post('/', async (request, reply) => {
    const pdf = await convert(request, reply);
    if (!pdf) return reply.hijack();
    const id = newResultId(await ownTag);
    const kind = answerKind(request.headers.accept);
    if (kind === 'pdf') return sendPdf(reply, id, pdf);
    results.put(id, pdf);
    const location = `/results/${id}`;
    reply.code(201).headers({ location, 'cache-control': 'private, no-store' });
    if (kind === 'page') return reply.headers(PAGE_HEADERS).send(resultPage(location, pdf.byteLength, keepSeconds));
    return { id, location, bytes: pdf.byteLength, keepSeconds };
  });

  server.get<{ Params: { id: string } }>('/results/:id', async ({ params: { id }, headers }, reply) => {
    const pdf = results.get(id);
    if (pdf) return sendPdf(reply, id, pdf);
    const tag = tagOf(id);
    if (tag === undefined || tag === (await ownTag) || headers[FORWARDED_HEADER] !== undefined) throw unknownResult();
    return sendPdf(reply, id, await peers.fetch(id, traceHeaders(headers)));
  });

  server.setNotFoundHandler(() => {
    throw new Refusal('UNKNOWN_PATH', 'There is nothing at this path: the form is at /.');
  });

  server.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal.status === 503) reply.header('retry-after', RETRY_SECONDS);
    reply.code(refusal.status);
    if (answerKind(request.headers.accept) !== 'page') return { code: refusal.code, message: refusal.message };
    return reply.headers(PAGE_HEADERS).send(formPage(options, refusal.message));
  });
  return server;
}

interface Shown {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** What the client sees of an error. Of a defect it sees only that it is one. */
function refusalOf(error: unknown): Shown {
  if (error instanceof Refusal) return error;
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 415) {
    return new Refusal('NOT_A_FORM', 'Send multipart/form-data with a JPEG as the file myfile.');
  }
  if (error instanceof Error && 'statusCode' in error && Number(error.statusCode) < 500) {
    return { status: Number(error.statusCode), code: 'BAD_REQUEST', message: error.message };
  }
  console.error(error);
  return { status: 500, code: 'DEFECT', message: 'The conversion failed because of a defect in the converter.' };
}

export type AnswerKind = 'pdf' | 'page' | 'json';

/**
 * The form of an answer by the request's header Accept. Browsers name text/html and programs seldom name anything, so
 * the PDF itself is the default. Of several named types PDF goes before the page, and the page before JSON; weights
 * (`q=`) are ignored.
 */
export function answerKind(accept = ''): AnswerKind {
  const named = new Set(accept.split(',').map((range) => range.split(';')[0]?.trim().toLowerCase()));
  if (named.has('application/pdf')) return 'pdf';
  if (named.has('text/html')) return 'page';
  return named.has('application/json') ? 'json' : 'pdf';
}
