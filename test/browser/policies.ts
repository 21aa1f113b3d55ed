import type { Followed } from "./following.ts";
import type { Place } from "./server.ts";
import type { Run } from "./worker.ts";

/** What a page reports. */
export interface Posted {
  readonly runs?: readonly Run[];
  readonly notes?: readonly string[];
  readonly failure?: string;
  readonly isolated?: boolean;
  /** The hashes of the predictions of a worker and of its page. */
  readonly predicted?: string;
  readonly page?: string;
  /** What the page saw of a run in a worker. */
  readonly followed?: Followed;
}

/** The content policy of a page that grants only what training needs. */
export const own = "default-src 'self'; style-src 'self' 'unsafe-inline'";

/** What a page may be granted, and what fluxion says where it needs that. */
const grants = [
  { name: "wasm", says: /'wasm-unsafe-eval' in the script-src/ },
  { name: "workers", says: /worker-src blob:/ },
  { name: "opener", says: /Cross-Origin-Opener-Policy/ },
  { name: "embedder", says: /Cross-Origin-Embedder-Policy/ },
] as const;

export type Grant = (typeof grants)[number]["name"];

/**
 * Every set of grants; but one header of isolation without the other only beside all else, since a page is then as little
 * isolated as with none.
 */
export const policies: readonly (readonly Grant[])[] = grants
  .reduce<readonly (readonly Grant[])[]>(
    (sets, { name }) => [...sets, ...sets.map((set) => [...set, name])],
    [[]],
  )
  .filter((set) => set.includes("opener") === set.includes("embedder") || set.length === 3);

/** The page that is granted these. */
export const placeOf = (granted: readonly Grant[]): Place => ({
  isolated: (["opener", "embedder"] as const).filter((name) => granted.includes(name)),
  policy: [
    own,
    `script-src 'self'${granted.includes("wasm") ? " 'wasm-unsafe-eval'" : ""}`,
    `worker-src 'self'${granted.includes("workers") ? " blob:" : ""}`,
  ].join("; "),
});

/** The grants that a page is said to miss. */
const missedBy = ({ failure = "", notes = [] }: Posted): readonly Grant[] =>
  grants.filter(({ says }) => says.test([failure, ...notes].join("\n"))).map(({ name }) => name);

/**
 * The law of policies: a page gives the right losses, or a typed error; an error or a note names one grant, which is
 * missing, and with exactly that it is gone. With every grant there is nothing to say, and there are workers. Returns how
 * reports break it, if they do.
 */
export const breachOf = (
  reports: readonly Posted[],
  losses: readonly number[],
): string | undefined => {
  const keyOf = (granted: readonly Grant[]): string => granted.toSorted().join(" ");
  const byKey = new Map(policies.map((granted, i) => [keyOf(granted), reports[i] as Posted]));
  const at = (granted: readonly Grant[]): Posted => byKey.get(keyOf(granted)) ?? {};
  for (const granted of policies) {
    const { failure, runs, notes = [] } = at(granted);
    const missed = missedBy(at(granted));
    const place = `granted (${granted.join(", ")}): ${JSON.stringify(at(granted))}`;
    if (failure === undefined && JSON.stringify(runs?.[0]?.losses) !== JSON.stringify(losses))
      return `wrong losses, ${place}`;
    if (failure !== undefined && !/^BackendUnavailable: .*\n {2}fix: /s.test(failure))
      return `no typed error with a fix, ${place}`;
    if (missed.length !== (failure === undefined && notes.length === 0 ? 0 : 1))
      return `not one grant is named, ${place}`;
    const [named] = missed;
    if (named === undefined) continue;
    if (granted.includes(named)) return `what is named is granted, ${place}`;
    if (missedBy(at([...granted, named])).includes(named))
      return `the grant changes nothing, ${place}`;
  }
  const all = at(grants.map(({ name }) => name));
  return all.runs?.[0]?.workers === 1
    ? undefined
    : `no worker with every grant: ${JSON.stringify(all)}`;
};
