import { filter, firstValueFrom } from "rxjs";
import { mnistMlp } from "../../pipelines/vision/mnist-mlp.ts";
import { train$ } from "../../src/index.ts";

/**
 * Prints the milliseconds from the start of the process to the first trained step of MNIST: loading the framework,
 * reading and checking the data, compiling, and one step.
 */
await firstValueFrom(train$(mnistMlp).pipe(filter((event) => event._tag === "StepCompleted")));
console.log(performance.now());
