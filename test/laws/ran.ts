import type { TestProject } from "vitest/node";
import { tableOfLaws } from "../../laws/ran.ts";
// This declares what tests leave for the table.
import type {} from "../../laws/vitest.ts";

/** Prints the table of laws once all tests have run, for any reporter. */
export default (project: TestProject) => (): void => {
  const held = project.vitest.state
    .getTestModules()
    .flatMap((module) => [...module.children.allTests("passed")])
    .flatMap((test) => test.meta().laws ?? []);
  if (held.length > 0) process.stdout.write(`\nWhat the laws ran\n\n${tableOfLaws(held)}\n\n`);
};
