import { workerData } from "node:worker_threads";
import { serveTraining } from "../../src/train/index.ts";
import { line } from "./line.ts";

// What the search has chosen.
serveTraining(line(workerData as { readonly learningRate: number }));
