/** Writes elements of an SVG as text. */

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** One element. `children` are elements or escaped text. Numbers are rounded to 0.01. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escape(typeof value === 'number' ? shorten(value) : String(value))}"`)
    .join('');
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`;
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

export function label(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escape(text));
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A line through the points, interrupted where two are further apart than `gap`. */
export function polyline(points: readonly Point[], gap: number, attributes: Attributes): string {
  let before = -Infinity;
  const steps = points.map(({ x, y }) => {
    const step = `${x - before > gap ? 'M' : 'L'}${shorten(x)} ${shorten(y)}`;
    before = x;
    return step;
  });
  const style = { fill: 'none', 'stroke-linejoin': 'round', 'stroke-linecap': 'round' };
  return steps.length === 0 ? '' : element('path', { d: steps.join(''), ...style, ...attributes });
}

function shorten(value: number): string {
  return String(Math.round(value * 100) / 100);
}
