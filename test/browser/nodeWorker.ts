import { parentPort, workerData } from "node:worker_threads";
import { predictedHash } from "./predicting.ts";

/** A worker thread of Node that predicts with a model in a file, and says the hash of its outputs. */
parentPort?.postMessage(await predictedHash(String(workerData)));
