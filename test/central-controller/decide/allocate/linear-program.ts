/** HiGHS, the oracle of these tests: a linear program as rows of numbers. */
import highsModule from 'highs';

export interface LinearProgram {
  /** Coefficients of what is minimised, by variable name; other variables cost nothing. */
  readonly minimise: Readonly<Record<string, number>>;
  readonly rows: readonly {
    readonly terms: Readonly<Record<string, number>>;
    readonly relation: '<=' | '>=' | '=';
    readonly value: number;
  }[];
  /** Lower and upper bounds; 0 and none where a variable is not named. */
  readonly bounds?: Readonly<Record<string, readonly [number, number]>>;
}

// The package's types say CommonJS, which it is not when imported: its default export is the function itself.
const createHighs = highsModule as unknown as typeof highsModule.default;
const highs = await createHighs();

function sum(terms: Readonly<Record<string, number>>): string {
  return Object.entries(terms)
    .map(([name, factor]) => `${factor < 0 ? '-' : '+'} ${Math.abs(factor)} ${name}`)
    .join(' ');
}

/** The optimum, and the variables that attain it. Throws where HiGHS does not call it optimal. */
export function solveLinear(program: LinearProgram): { value: number; at: (name: string) => number } {
  const rows = program.rows.map(
    ({ terms, relation, value }, index) => ` r${index}: ${sum(terms)} ${relation} ${value}`,
  );
  const bounds = Object.entries(program.bounds ?? {}).map(([name, [low, high]]) => ` ${low} <= ${name} <= ${high}`);
  const text = ['Minimize', ` obj: ${sum(program.minimise)}`, 'Subject To', ...rows, 'Bounds', ...bounds, 'End'];
  const solution = highs.solve(text.join('\n'));
  if (solution.Status !== 'Optimal') throw new Error(`HiGHS: ${solution.Status}`);
  const columns: Record<string, { Primal?: number }> = solution.Columns;
  return { value: solution.ObjectiveValue, at: (name) => columns[name]?.Primal ?? 0 };
}
