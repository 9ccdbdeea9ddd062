#!/usr/bin/env node
/** Sends pictures to a converter at any address, and shows the distribution of response times. */
import { readFile, writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import sharp from 'sharp';
import { type BaseAddress, parseBaseAddress } from '../../../contract/base-address.ts';
import { BallastError, describeFailure } from '../../../contract/errors.ts';
import { parseSeconds } from '../../service/flags.ts';
import { distributionOf, judge } from './distribution.ts';
import { type Sending, sendPictures } from './send-pictures.ts';
import { describeDistribution, drawDistribution } from './show.ts';

interface Flags {
  readonly url: string;
  readonly pictures: string;
  readonly clients: string;
  readonly duration?: string;
  readonly picture?: string;
  readonly plot?: string;
  readonly json?: boolean;
}

function readCount(flag: string, text: string, to: number): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : NaN;
  if (value >= 1 && value <= to) return value;
  throw new BallastError('INVALID_FLAG', `${flag} ${text} is not a whole number from 1 to ${to}`);
}

function readAddress(text: string): BaseAddress {
  const address = parseBaseAddress(text, { allowsQuery: true });
  if (!address.ok) throw new BallastError('INVALID_FLAG', `--url ${address.failure.message}`);
  return address.value;
}

function readEnd({ pictures, duration }: Flags): Sending['goesOn'] {
  if (duration === undefined) {
    const count = readCount('--pictures', pictures, 1_000_000);
    return (sent) => sent < count;
  }
  const seconds = parseSeconds(duration);
  if (seconds === undefined) {
    throw new BallastError('INVALID_FLAG', `--duration ${duration} is not a time such as 30s or 2m`);
  }
  return (_sent, elapsedMs) => elapsedMs < seconds * 1000;
}

/** A million pixels of colours that run into each other, the same each time. */
async function generatePicture(): Promise<Uint8Array<ArrayBuffer>> {
  const side = 1024;
  const pixels = Buffer.alloc(side * side * 3);
  for (let index = 0; index < pixels.length; index++) {
    const pixel = Math.floor(index / 3);
    const wave = Math.sin((pixel % side) / (17 + (index % 3) * 11)) + Math.cos(pixel / side / (23 - (index % 3) * 5));
    pixels[index] = Math.round(127.5 + 63 * wave);
  }
  const jpeg = await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
  return Uint8Array.from(jpeg);
}

async function readPicture(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return Uint8Array.from(await readFile(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BallastError('INVALID_FLAG', `--picture ${path} cannot be read: ${reason}`);
  }
}

async function writePlot(file: string, svg: string): Promise<void> {
  if (file.endsWith('.svg')) return writeFile(file, svg);
  // The name is not a literal, so that the image is made without it.
  const module = './png.ts';
  const { pngOf } = (await import(module)) as typeof import('./png.ts');
  return writeFile(file, pngOf(svg));
}

async function run(flags: Flags): Promise<void> {
  const address = readAddress(flags.url);
  const clients = readCount('--clients', flags.clients, 1000);
  const goesOn = readEnd(flags);
  if (flags.plot !== undefined && !/\.(?:svg|png)$/.test(flags.plot)) {
    throw new BallastError('INVALID_FLAG', `--plot ${flags.plot} is not a file named *.svg or *.png`);
  }
  const jpeg = flags.picture === undefined ? await generatePicture() : await readPicture(flags.picture);
  const sent = await sendPictures({ address, jpeg, clients, goesOn });
  const found = distributionOf(sent);
  console.log(
    flags.json
      ? JSON.stringify({ url: address.url.href, clients, ...found, judgement: judge(found) })
      : describeDistribution(sent, clients),
  );
  if (flags.plot !== undefined) {
    await writePlot(flags.plot, drawDistribution(sent, `${sent.length} pictures from ${clients} clients`));
  }
  if (found.failed > 0) process.exitCode = 1;
}

const program = new Command('pdf-client')
  .description('Sends pictures to a PDF converter, and shows the distribution of response times.')
  .option('--url <url>', 'the converter, or what stands before it', 'http://127.0.0.1:8080')
  .option('--pictures <n>', 'number of pictures, of all clients together', '100')
  .option('--clients <m>', 'clients that each send, wait and send again', '1')
  .option('--duration <time>', 'send for so long instead of a number of pictures')
  .option('--picture <file>', 'JPEG to send (default: a generated one of a million pixels)')
  .option('--plot <file>', 'histogram as *.svg or *.png')
  .option('--json', 'print one JSON object')
  .addHelpText('after', '\nExit code: 0, or 1 if a request failed, or 2 for wrong flags.')
  .action(run);

await program.parseAsync().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`error: ${error instanceof BallastError ? describeFailure(error) : message}`);
  process.exitCode = 2;
});
