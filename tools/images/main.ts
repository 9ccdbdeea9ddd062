#!/usr/bin/env node
/** Makes the project's container images: `npm run images`. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { BallastError, describeFailure } from '../../contract/errors.ts';
import { CHECKOUT, DEFAULT_FOLDER, applicationFiles, buildImages } from './build-images.ts';
import { IMAGES, type ImageDefinition } from './definitions.ts';

interface Flags {
  readonly out: string;
  readonly only?: string;
  readonly stage?: string;
  readonly json?: boolean;
}

const flags = new Command('images')
  .description("Makes container images as one tar file, without Docker, of this machine's Node and its libraries.")
  .option('--out <directory>', 'where to write the archive', relative(process.cwd(), DEFAULT_FOLDER))
  .addOption(new Option('--only <image>', 'one image instead of all').choices(IMAGES.map(({ name }) => name)))
  .option('--stage <directory>', "write the application's own files there instead, as the Dockerfile does with --only")
  .option('--json', 'print what was made as one JSON object')
  .addHelpText(
    'after',
    '\nThen one of: docker load --input <tar>, kind load image-archive <tar>, ctr --namespace k8s.io images import <tar>',
  )
  .parse()
  .opts<Flags>();

async function stage(definitions: readonly ImageDefinition[], folder: string): Promise<void> {
  for (const definition of definitions) {
    for (const [file, content] of await applicationFiles(definition)) {
      const target = join(folder, file);
      await mkdir(dirname(target), { recursive: true });
      await (content === undefined ? copyFile(join(CHECKOUT, file), target) : writeFile(target, content));
    }
  }
}

try {
  const definitions = IMAGES.filter(({ name }) => flags.only === undefined || name === flags.only);
  if (flags.stage === undefined) {
    const built = await buildImages(definitions, resolve(flags.out));
    const shown = { ...built, archive: relative(process.cwd(), built.archive) };
    if (flags.json) console.log(JSON.stringify(shown));
    else console.log(`${shown.archive}${shown.isNew ? '' : ' (unchanged)'}: ${shown.names.join(', ')}`);
  } else await stage(definitions, resolve(flags.stage));
} catch (error) {
  console.error(error instanceof BallastError ? describeFailure(error) : error);
  process.exitCode = 1;
}
