import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { readYaml, writeYaml } from '../../../central-controller/kubernetes/yaml.ts';

const AMBIGUOUS = [
  'no',
  'on',
  'y',
  'N',
  'yes',
  'Off',
  '0b11',
  '1_000',
  '0o7',
  '1e3',
  '.5',
  '+1',
  '~',
  'null',
  '12:30',
  '<<',
  '=',
];

it.each(AMBIGUOUS)('%s is written in quotes as a value and as a key', (text) => {
  expect(writeYaml([{ value: text, labels: { [text]: 'x' } }])).toBe(`value: '${text}'\nlabels:\n  '${text}': x\n`);
});

it('what needs no quotes has none', () => {
  expect(writeYaml([{ kind: 'Service', name: 'geo-0', host: 'geo.hotel.svc.cluster.local', port: 80 }])).toBe(
    'kind: Service\nname: geo-0\nhost: geo.hotel.svc.cluster.local\nport: 80\n',
  );
});

it('any object reads the same in both versions of YAML and here', () => {
  const text = fc.oneof(fc.constantFrom(...AMBIGUOUS), fc.string(), fc.stringMatching(/^[-+.\w:]{1,8}$/));
  const object = fc.dictionary(text, fc.oneof(text, fc.array(text), fc.integer(), fc.boolean()), { minKeys: 1 });
  fc.assert(
    fc.property(object, (value) => {
      const copy = { ...value };
      const written = writeYaml([copy]);
      for (const version of ['1.1', '1.2'] as const) expect(parse(written, { version })).toEqual(copy);
      expect(readYaml(written)).toEqual({ ok: true, value: [copy] });
    }),
  );
});

it('is read as kubectl does: truth values, numbers and merge keys of YAML 1.1, but no times', () => {
  const text = 'a: Off\nb: 0777\nc: 1_000\nd: 12:30:45\ne: 2001-12-14\nf: {<<: {g: 1}, h: 2}';
  expect(readYaml(text)).toEqual({
    ok: true,
    value: [{ a: false, b: 511, c: 1000, d: '12:30:45', e: '2001-12-14', f: { g: 1, h: 2 } }],
  });
});
