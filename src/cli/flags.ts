import { type Split, splits } from "./predict/splits.ts";

/** A flag of the command line. */
export interface Flag {
  readonly name: string;
  /** The placeholder of the value in the help text. Absent for a switch. */
  readonly value?: string;
  readonly help: string;
}

const backends = ["wasm", "reference"] as const;
export type BackendName = (typeof backends)[number];

/** The maximum number of threads of the backend. */
const mostThreads = 16;

/** The maximum width of a beam. */
const widestBeam = 1024;

/** The settings of a run on the command line. Each defaults to the pipeline's own. */
export interface Settings {
  readonly epochs?: number;
  readonly seed?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly backend?: BackendName;
  readonly threads?: number;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly plan?: boolean;
  readonly code?: boolean;
  readonly deterministic?: boolean;
  readonly state?: string;
  readonly on?: Split;
  readonly input?: string;
  readonly output?: string;
  /** The width of a beam. */
  readonly beam?: number;
  /** The folder of a run. */
  readonly runDir?: string;
  readonly resume?: boolean;
  /** A file with a configuration. */
  readonly config?: string;
  /** Settings of the form `optimizer.learningRate=0.01`, in order. */
  readonly set?: readonly string[];
  /** The pipeline of a run, where it is not found by the name in its configuration. */
  readonly pipeline?: string;
  /** The port of a page. */
  readonly port?: number;
}

type Read = (text: string) => Settings | undefined;

const numeric =
  (accepts: (n: number) => boolean, settings: (n: number) => Settings): Read =>
  (text) => {
    const n = text.trim() === "" ? Number.NaN : Number(text);
    return accepts(n) ? settings(n) : undefined;
  };

/** A flag with what it accepts and the settings that it makes. */
export interface Setting extends Flag {
  readonly expected: string;
  readonly read: Read;
}

/** The flags of all commands. */
export const settings: readonly Setting[] = [
  {
    name: "epochs",
    value: "N",
    help: "train for N epochs; a pipeline whose params it begins from keeps its own number",
    expected: "a whole number, 1 or more",
    read: numeric(
      (n) => Number.isSafeInteger(n) && n >= 1,
      (epochs) => ({ epochs }),
    ),
  },
  {
    name: "seed",
    value: "N",
    help: "the seed of everything random in the run",
    expected: "a whole number",
    read: numeric(Number.isSafeInteger, (seed) => ({ seed })),
  },
  {
    name: "batch-size",
    value: "N",
    help: "examples in a batch",
    expected: "a whole number, 1 or more",
    read: numeric(
      (n) => Number.isSafeInteger(n) && n >= 1,
      (batchSize) => ({ batchSize }),
    ),
  },
  {
    name: "learning-rate",
    value: "RATE",
    help: "the optimizer's learning rate",
    expected: "a number that is not negative",
    read: numeric(
      (n) => Number.isFinite(n) && n >= 0,
      (learningRate) => ({ learningRate }),
    ),
  },
  {
    name: "backend",
    value: backends.join("|"),
    help: "the backend: WebAssembly (the default) or the plain reference",
    expected: `one of ${backends.join(", ")}`,
    read: (text) => {
      const backend = backends.find((name) => name === text);
      return backend === undefined ? undefined : { backend };
    },
  },
  {
    name: "deterministic",
    help: "give the same bits on every machine: no fused multiply-adds",
    expected: "no value",
    read: () => ({ deterministic: true }),
  },
  {
    name: "plan",
    help: "print the step's kernels, what was fused into each, and the least time that they take",
    expected: "no value",
    read: () => ({ plan: true }),
  },
  {
    name: "code",
    help: "print the step as a text in C99, to be read: plain loops, kernel by kernel; what they lack is named",
    expected: "no value",
    read: () => ({ code: true }),
  },
  {
    name: "threads",
    value: "N",
    help: "the number of threads; by default the fastest number, found by measuring",
    expected: `a whole number from 1 to ${mostThreads}`,
    read: numeric(
      (n) => Number.isInteger(n) && n >= 1 && n <= mostThreads,
      (threads) => ({ threads }),
    ),
  },
  {
    name: "state",
    value: "FILE",
    help: "a checkpoint of the pipeline, or the folder of its run",
    expected: "the name of a file or folder",
    read: (text) => (text === "" ? undefined : { state: text }),
  },
  {
    name: "on",
    value: splits.join("|"),
    help: "the data to evaluate on; by default what was held out for testing",
    expected: `one of ${splits.join(", ")}`,
    read: (text) => {
      const on = splits.find((split) => split === text);
      return on === undefined ? undefined : { on };
    },
  },
  {
    name: "input",
    value: "FILE",
    help: "rows to predict: a table (.csv, .tsv, .jsonl), rows (.json), a picture (.png, .jpg), sound (.wav), or a text on each line (.txt)",
    expected: "the name of a file",
    read: (text) => (text === "" ? undefined : { input: text }),
  },
  {
    name: "output",
    value: "FILE",
    help: "the file to write, or the folder of several",
    expected: "the name of a file or folder",
    read: (text) => (text === "" ? undefined : { output: text }),
  },
  {
    name: "beam",
    value: "WIDTH",
    help: "search for the likeliest text with a beam of so many; by default a model that writes texts decodes as its pipeline says",
    expected: `a whole number from 1 to ${widestBeam}`,
    read: numeric(
      (n) => Number.isInteger(n) && n >= 1 && n <= widestBeam,
      (beam) => ({ beam }),
    ),
  },
  {
    name: "run-dir",
    value: "DIR",
    help: "keep the run in a folder: its configuration, events and checkpoints",
    expected: "a folder",
    read: (runDir) => (runDir === "" ? undefined : { runDir }),
  },
  {
    name: "resume",
    help: "go on with the run in the folder from its last checkpoint",
    expected: "no value",
    read: () => ({ resume: true }),
  },
  {
    name: "config",
    value: "FILE",
    help: "a configuration of the run in JSON",
    expected: "a file",
    read: (config) => (config === "" ? undefined : { config }),
  },
  {
    name: "set",
    value: "PATH=VALUE",
    help: "one setting, such as optimizer.learningRate=0.01; may be given several times",
    expected: "a path, = and a value",
    read: (text) => (/^[\w.]+=/.test(text) ? { set: [text] } : undefined),
  },
  {
    name: "pipeline",
    value: "NAME",
    help: "the pipeline of the run; by default found by its name",
    expected: "the name of a pipeline, or a module",
    read: (pipeline) => (pipeline === "" ? undefined : { pipeline }),
  },
  {
    name: "port",
    value: "N",
    help: "the port of the page on this machine; by default one that is free",
    expected: "a whole number from 1024 to 65535",
    read: numeric(
      (n) => Number.isInteger(n) && n >= 1024 && n <= 65535,
      (port) => ({ port }),
    ),
  },
  {
    name: "json",
    help: "print JSON, one event per line",
    expected: "no value",
    read: () => ({ json: true }),
  },
  {
    name: "markdown",
    help: "print tables in Markdown, one for each field",
    expected: "no value",
    read: () => ({ markdown: true }),
  },
];
