import { parseArgs } from "node:util";
import * as Effect from "effect/Effect";
import { breachOf, damage, type Edit, kindsOfEdits } from "../../laws/data/readers.ts";
import { readers } from "./readers.ts";

/**
 * `npm run fuzz -- idx gzip --seconds 60 --seed 1` damages the inputs of readers over and over, and reports how many
 * were read or refused. It is not part of `npm test`. Without names it tests every reader.
 */
const { values, positionals } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
  },
  allowPositionals: true,
});

/** Numbers from 0 to less than 1, the same for the same seed. **Source** Marsaglia, "Xorshift RNGs" (2003). */
const randomOf = (seed: number): (() => number) => {
  let x = (seed | 0) ^ 0x9e3779b9 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
};

const mebibytes = (): number => Math.round(process.memoryUsage().rss / 2 ** 20);

const unknown = positionals.filter((name) => readers.every((reader) => reader.name !== name));
if (unknown.length > 0) {
  console.error(
    `no reader is called ${unknown.join(", ")}: ${readers.map((r) => r.name).join(", ")}`,
  );
  process.exit(1);
}

let failed = 0;
for (const reader of readers.filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
)) {
  const random = randomOf(Number(values.seed));
  const drawn = <A>(list: readonly A[]): A => list[Math.floor(random() * list.length)] as A;
  let read = 0;
  const counted = {
    ...reader,
    read: (bytes: Uint8Array) =>
      Effect.map(reader.read(bytes), (value) => {
        read++;
        return value;
      }),
  };
  const end = performance.now() + 1000 * Number(values.seconds);
  let [inputs, longest, slowest] = [0, 0, 0];
  while (performance.now() < end) {
    const some = Array.from(
      // Usually few edits: slightly damaged input is read further.
      { length: 1 + Math.floor(5 * random() ** 3) },
      (): Edit => ({
        kind: drawn(kindsOfEdits),
        at: random(),
        value: Math.floor(random() * 2 ** 24),
      }),
    );
    const input = damage(drawn(reader.files), some);
    const from = performance.now();
    const breach = await breachOf(counted, input, 2000);
    slowest = Math.max(slowest, performance.now() - from);
    longest = Math.max(longest, input.length);
    inputs++;
    if (breach !== undefined) {
      failed++;
      const shown = Buffer.from(input.subarray(0, 400)).toString("base64");
      console.log(`${reader.name}: ${breach.slice(0, 400)}\n  of ${input.length} bytes: ${shown}`);
      if (failed > 20) break;
    }
  }
  console.log(
    `${reader.name}: ${inputs} inputs of up to ${longest} bytes, ${read} read, ${inputs - read} refused, slowest ${Math.round(slowest)} ms, ${mebibytes()} MiB resident`,
  );
}
process.exitCode = failed > 0 ? 1 : 0;
