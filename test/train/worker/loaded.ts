import { parentPort } from "node:worker_threads";
import "../../../src/train/index.ts";

// What program.test.ts counts.
const { looked, loaded } = globalThis as { looked?: readonly string[]; loaded?: readonly string[] };
parentPort?.postMessage({ looked, loaded });
