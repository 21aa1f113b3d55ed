import { type TableMistake, TableMistakes } from "../../errors.ts";
import type { Wrong } from "./reading.ts";

/** The maximum number of mistakes that an error lists, and of one kind in one column. */
const [most, mostAlike] = [20, 3];

/** Gathers the mistakes of a table while it is read: the first of each kind, and the number of all. */
export class Mistakes {
  readonly #file: string;
  readonly #kinds = new Map<string, number>();
  readonly #first: TableMistake[] = [];
  #count = 0;

  constructor(file: string) {
    this.#file = file;
  }

  add(
    row: number,
    line: number | undefined,
    column: string,
    { expected, actual, fix }: Wrong,
  ): void {
    this.#count++;
    if (this.#first.length >= most) return;
    const kind = `${column}\u0000${expected}`;
    const alike = (this.#kinds.get(kind) ?? 0) + 1;
    this.#kinds.set(kind, alike);
    if (alike <= mostAlike)
      this.#first.push({
        row,
        ...(line === undefined ? {} : { line }),
        column,
        expected,
        actual,
        fix,
      });
  }

  /** An error of all of them, where there are some. */
  error(): TableMistakes | undefined {
    return this.#count === 0
      ? undefined
      : new TableMistakes({ file: this.#file, mistakes: this.#first, count: this.#count });
  }

  /** **Fails with** `TableMistakes`, thrown, where there are some. */
  check(): void {
    const error = this.error();
    if (error !== undefined) throw error;
  }
}
