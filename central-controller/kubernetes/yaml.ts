/**
 * Kubernetes objects as YAML. kubectl reads YAML 1.1, most other tools 1.2: what is written here means the same in both,
 * and is read as kubectl reads it.
 */
import { Document, parse, parseAllDocuments, Scalar, visit } from 'yaml';
import { failure, type Result, success } from '../../contract/result.ts';

/** Tags of YAML 1.1 that kubectl's parser does not have. */
const UNKNOWN_TO_KUBECTL: ReadonlySet<string> = new Set([
  'tag:yaml.org,2002:timestamp',
  'tag:yaml.org,2002:binary',
  'tag:yaml.org,2002:omap',
  'tag:yaml.org,2002:pairs',
  'tag:yaml.org,2002:set',
]);

/** The documents of one YAML stream without empty ones. */
export function readYaml(text: string): Result<unknown[]> {
  const values: unknown[] = [];
  try {
    const documents = parseAllDocuments(text, {
      version: '1.1',
      // Base 60 numbers such as 12:30:45 are text to kubectl, too.
      customTags: (tags) =>
        tags.filter((tag) => typeof tag === 'string' || !(UNKNOWN_TO_KUBECTL.has(tag.tag) || tag.format === 'TIME')),
    });
    for (const document of documents) {
      const [error] = document.errors;
      if (error) return failure('INVALID_MANIFEST', firstLine(error.message));
      const value: unknown = document.toJS();
      if (value !== null && value !== undefined) values.push(value);
    }
  } catch (error) {
    // The parser throws on aliases that multiply.
    return failure('INVALID_MANIFEST', firstLine(String(error)));
  }
  return success(values);
}

/** Objects as one YAML stream, without aliases. */
export function writeYaml(objects: readonly object[]): string {
  const known = new Map<string, boolean>();
  const isQuoted = (text: string): boolean => {
    const quoted = known.get(text) ?? isAmbiguous(text);
    known.set(text, quoted);
    return quoted;
  };
  return objects.map((object) => writeDocument(object, isQuoted)).join('---\n');
}

function writeDocument(object: object, isQuoted: (text: string) => boolean): string {
  const document = new Document(object, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && isQuoted(node.value)) node.type = Scalar.QUOTE_SINGLE;
    },
  });
  return document.toString({ lineWidth: 0, singleQuote: true });
}

/** Does some reader take the text for a number, a truth value or the like where it is not quoted? */
function isAmbiguous(text: string): boolean {
  if (/^[-+]?[.\d]/.test(text) || text === '<<' || text === '=') return true;
  return !text.includes('\n') && VERSIONS.some((version) => isOtherValue(text, version));
}

const VERSIONS = ['1.1', '1.2'] as const;

function isOtherValue(text: string, version: (typeof VERSIONS)[number]): boolean {
  try {
    return parse(text, { version, logLevel: 'silent' }) !== text;
  } catch {
    // Text that is no value at all is quoted by the writer itself.
    return false;
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
