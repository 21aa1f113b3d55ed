import { join } from "node:path";
import * as Effect from "effect/Effect";
import { fromRecords, readText, standardScaler } from "../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  fromTypedArray,
  type Splits,
  TableCorrupt,
  type Tensor,
} from "../../../src/index.ts";
import { dataFiles, dataFolder } from "../../../src/io/index.ts";

const commit = "b86e955de2ccc680306103c19e1e2ae3c8d256a9";
const folder = "notebooks/jupyter/Dataset/CMAPSSData";

const file = (path: string, bytes: number, sha256: string) => ({
  path,
  address: `https://raw.githubusercontent.com/mapr-demos/predictive-maintenance/${commit}/${folder}/${path}`,
  bytes,
  sha256,
});

const names = { train: "train_FD001.txt", test: "test_FD001.txt", lives: "RUL_FD001.txt" } as const;

/** The simulated engines of NASA, of the kind FD001: one condition of flight, and one fault. */
export const turbofanFiles = dataFiles({
  name: "turbofan",
  license: "a work of the government of the United States",
  origin: "https://github.com/mapr-demos/predictive-maintenance",
  files: [
    file(
      names.train,
      3_515_356,
      "963b5e22825b34d8b21c69e1aeb4af3e647050eb672ee8834ba4b5d91d2de0f8",
    ),
    file(names.test, 2_228_855, "3cda7109ce17bafb5443f2ac926cfcf88154b941b8c4cf95eb55d1ddd6f52851"),
    file(names.lives, 429, "a19c8ec94931949d0485bdc35118206e9c81c4547b422efb9cf86f4ceddbceca"),
  ],
  packed: { file: "cmapss-fd001.tar.gz", as: "tar.gz", under: `${folder}/` },
});

/** The columns of the files: the engine, its cycle, three settings, and 21 sensors under the names of Saxena et al. */
const columns = [
  ...["engine", "cycle", "altitude", "mach", "throttle"],
  ...["T2", "T24", "T30", "T50", "P2", "P15", "P30", "Nf", "Nc", "epr", "Ps30", "phi", "NRf"],
  ...["NRc", "BPR", "farB", "htBleed", "Nf_dmd", "PCNfR_dmd", "W31", "W32"],
] as const;

/** The 14 sensors that vary in flight. The others are constant, or nearly so, in these files. */
export const sensors = [
  ...["T24", "T30", "T50", "P30", "Nf", "Nc", "Ps30", "phi", "NRf", "NRc", "BPR", "htBleed"],
  ...["W31", "W32"],
] as const;

/** The cycles after which an engine is taken for worn: before, nothing tells how long it lives. */
export const longest = 125;

/** The last cycles of an engine, and how many are left. */
export type Life<N extends number = number> = {
  /** The sensors in each cycle, standardized over the training engines. */
  readonly cycles: Tensor<readonly [N, (typeof sensors)["length"]]>;
  /** The cycles until it fails, at most 125. */
  readonly left: Tensor<readonly []>;
};

/** An engine's readings: the sensors in the order of {@link sensors}, cycle by cycle. */
export interface Engine {
  readonly cycles: number;
  readonly readings: Float32Array;
}

const [width, places] = [sensors.length, sensors.map((sensor) => columns.indexOf(sensor))];

/**
 * The engines of a file, whose cycles follow one another from 1.
 *
 * **Fails with** `TableCorrupt` where a line has other than 26 numbers, or a cycle is missing.
 */
export const parseEngines = Effect.fnUntraced(function* (text: string, file: string) {
  const engines = new Map<number, number[][]>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const numbers = line.trim().split(/\s+/).map(Number);
    const corrupt = (column: string, expected: string, actual: string) =>
      new TableCorrupt({ file, line: i + 1, column, expected, actual });
    if (numbers.length !== columns.length || !numbers.every(Number.isFinite))
      return yield* corrupt("", `${columns.length} numbers`, line.slice(0, 40));
    const [engine = 0, cycle = 0] = numbers;
    const own = engines.get(engine) ?? [];
    if (cycle !== own.length + 1)
      return yield* corrupt("cycle", `cycle ${own.length + 1} of engine ${engine}`, `${cycle}`);
    own.push(places.map((place) => numbers[place] as number));
    engines.set(engine, own);
  }
  return [...engines.values()].map(
    (own): Engine => ({ cycles: own.length, readings: Float32Array.from(own.flat()) }),
  );
});

const asRows = ({ cycles, readings }: Engine) =>
  dataset({ cycles: fromTypedArray([cycles, width], readings) });

/** The windows of `length` cycles that end at given cycles of engines, with the cycles left after each. */
const windows = <N extends number>(
  ends: readonly { readonly engine: Engine; readonly end: number; readonly left: number }[],
  length: N,
): Dataset<Life<N>> => {
  const values = new Float32Array(ends.length * length * width);
  for (const [i, { engine, end }] of ends.entries())
    values.set(engine.readings.subarray((end - length) * width, end * width), i * length * width);
  const left = Float32Array.from(ends, ({ left }) => Math.min(left, longest));
  return dataset({
    cycles: fromTypedArray([ends.length, length, width], values),
    left: fromTypedArray([ends.length], left),
  });
};

/**
 * Cuts the windows of the engines that ran to failure, each `step` cycles after the one before it, and the last one of each engine that is still running, whose
 * remaining cycles are given. Engines are in one part or the other, and the sensors are standardized over the first ones.
 * Engines that are younger than a window are left out.
 */
export const lifeSplits = <N extends number>(
  failed: readonly Engine[],
  running: readonly Engine[],
  lives: readonly number[],
  length: N,
  step = 1,
) => {
  const all = failed.flatMap(({ readings }) => [...readings]);
  const cycles = failed.reduce((sum, engine) => sum + engine.cycles, 0);
  const known = asRows({ cycles, readings: Float32Array.from(all) });
  const scaler = standardScaler.fit(known, "cycles");
  const scaled = (engine: Engine): Engine => ({
    ...engine,
    readings: Float32Array.from(scaler.apply(asRows(engine)).column("cycles").toTypedArray()),
  });
  const train = failed.map(scaled).flatMap((engine) =>
    Array.from({ length: Math.max(0, engine.cycles + 1 - length) }, (_, i) => ({
      engine,
      end: length + i,
      left: engine.cycles - length - i,
    })).filter(({ left }) => left % step === 0),
  );
  const test = running
    .map(scaled)
    .map((engine, i) => ({ engine, end: engine.cycles, left: lives[i] ?? Number.NaN }))
    .filter(({ end }) => end >= length);
  return {
    train: windows(train, length),
    test: windows(test, length),
    inputs: { cycles: fromRecords(length, sensors, scaler) },
  } satisfies Splits<Life<N>>;
};

/**
 * Turbofan engines that wear until they fail: a hundred whose whole life is known, and a hundred others for testing, which
 * are known up to some cycle.
 *
 * **Source** Saxena, Goebel, Simon and Eklund, "Damage propagation modeling for aircraft engine run-to-failure
 * simulation" (2008).
 */
export const turbofanLives = Effect.fnUntraced(function* <N extends number>(length: N, step = 1) {
  const at = yield* dataFolder(turbofanFiles);
  const read = (name: string) => readText(join(at, name));
  const failed = yield* parseEngines(yield* read(names.train), names.train);
  const running = yield* parseEngines(yield* read(names.test), names.test);
  const lives = (yield* read(names.lives)).trim().split(/\s+/).map(Number);
  return lifeSplits(failed, running, lives, length, step);
});
