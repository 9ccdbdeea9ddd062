/** Solves linear programs with HiGHS, the oracle of these tests. */
import highsModule from 'highs';

export interface LinearProgram {
  /** Coefficients of the objective by variable name; 0 for other variables. */
  readonly minimise: Readonly<Record<string, number>>;
  readonly rows: readonly {
    readonly terms: Readonly<Record<string, number>>;
    readonly relation: '<=' | '>=' | '=';
    readonly value: number;
  }[];
  /** Lower and upper bounds by variable name; other variables are 0 or more. */
  readonly bounds?: Readonly<Record<string, readonly [number, number]>>;
}

// The types of the package describe its CommonJS export. As an ES module, its default export is the function itself.
const createHighs = highsModule as unknown as typeof highsModule.default;
const highs = await createHighs();

function sum(terms: Readonly<Record<string, number>>): string {
  return Object.entries(terms)
    .map(([name, factor]) => `${factor < 0 ? '-' : '+'} ${Math.abs(factor)} ${name}`)
    .join(' ');
}

/** Returns the optimum and its variables. Throws when HiGHS finds no optimum. */
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
