/** The number of values that are kept for quantiles. Beyond it, they are a uniform sample of all. */
const mostKept = 2 ** 20;

/**
 * Statistics of numbers that are seen once, in memory that is bounded.
 *
 * **Math** the mean and the deviation (of the population) are updated as in Welford, "Note on a Method for Calculating
 * Corrected Sums of Squares and Products" (1962). Quantiles lie between neighbors, as NumPy's; of more than 2²⁰ numbers they
 * are those of a uniform sample (Vitter, "Random Sampling with a Reservoir", 1985), which is the same in every run.
 */
export class Numbers {
  #count = 0;
  #mean = 0;
  #squares = 0;
  #least = Number.POSITIVE_INFINITY;
  #greatest = Number.NEGATIVE_INFINITY;
  #kept = new Float64Array(16);
  #sorted = false;
  #random = 0x9e3779b9;

  add(x: number): void {
    this.#count++;
    const before = x - this.#mean;
    this.#mean += before / this.#count;
    this.#squares += before * (x - this.#mean);
    this.#least = Math.min(this.#least, x);
    this.#greatest = Math.max(this.#greatest, x);
    this.#sorted = false;
    const place = this.#count <= mostKept ? this.#count - 1 : this.#drawn(this.#count);
    if (place >= mostKept) return;
    if (place >= this.#kept.length) {
      const wider = new Float64Array(2 * this.#kept.length);
      wider.set(this.#kept);
      this.#kept = wider;
    }
    this.#kept[place] = x;
  }

  /** A whole number below `n`, by xorshift. */
  #drawn(n: number): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return Math.floor(((x >>> 0) / 2 ** 32) * n);
  }

  get count(): number {
    return this.#count;
  }
  get mean(): number {
    // The rounding of the updates must not move a number that never varies.
    return this.#least === this.#greatest ? this.#least : this.#mean;
  }
  get deviation(): number {
    return this.#least === this.#greatest ? 0 : Math.sqrt(this.#squares / this.#count);
  }
  get least(): number {
    return this.#least;
  }
  get greatest(): number {
    return this.#greatest;
  }

  quantile(q: number): number {
    const all = this.#kept.subarray(0, Math.min(this.#count, mostKept));
    if (!this.#sorted) all.sort();
    this.#sorted = true;
    return quantileOf(all, q);
  }
}

/** The quantile of ascending numbers, between its neighbors in a straight line. **Source** NumPy's method `linear`. */
export const quantileOf = (ascending: ArrayLike<number>, q: number): number => {
  const place = q * (ascending.length - 1);
  const below = Math.floor(place);
  const [a, b] = [ascending[below] as number, ascending[Math.ceil(place)] as number];
  return a + (b - a) * (place - below);
};

/** How often each name was seen. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    // Words that were seen least are given up before memory is: a text may have as many words as letters.
    if (this.#counts.size >= mostNames && !this.#counts.has(name)) this.#forget();
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  #forget(): void {
    let least = Number.POSITIVE_INFINITY;
    for (const count of this.#counts.values()) least = Math.min(least, count);
    for (const [name, count] of this.#counts) if (count === least) this.#counts.delete(name);
  }

  get size(): number {
    return this.#counts.size;
  }
  names(): Iterable<string> {
    return this.#counts.keys();
  }
  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** The most frequent names first, of at least a count; equal ones by code units. */
  most(limit: number, minCount: number): readonly string[] {
    return [...this.#counts]
      .filter(([, count]) => count >= minCount)
      .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([name]) => name);
  }

  /** The most frequent one; of equal ones the least number, or the first by code units. */
  mostFrequent(): string | undefined {
    let best: readonly [string, number] | undefined;
    for (const [name, count] of this.#counts)
      if (best === undefined || count > best[1] || (count === best[1] && before(name, best[0])))
        best = [name, count];
    return best?.[0];
  }
}

const before = (a: string, b: string): boolean => {
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? a < b : x < y;
};

/** The maximum number of names that are counted at once. */
const mostNames = 2 ** 20;
