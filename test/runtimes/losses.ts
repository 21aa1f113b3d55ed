import { readFile } from "node:fs/promises";
import { firstLosses } from "../browser/training.ts";

/** Prints the losses of MNIST's first steps on one thread and on two, in any runtime: `losses.ts DATA`. */
const [folder] = process.argv.slice(2);
const on = (threads: number) => firstLosses((name) => readFile(`${folder}/${name}`), { threads });
console.log(JSON.stringify([await on(1), await on(2)]));
