import type { TestProject } from "vitest/node";
import { tableOfLaws } from "../../laws/ran.ts";
// What a test leaves for it is declared there.
import type {} from "../../laws/vitest.ts";

/** When all tests have run: what each law ran, once, whichever reporters there are. */
export default (project: TestProject) => (): void => {
  const held = project.vitest.state
    .getTestModules()
    .flatMap((module) => [...module.children.allTests("passed")])
    .flatMap((test) => test.meta().laws ?? []);
  if (held.length > 0) process.stdout.write(`\nWhat the laws ran\n\n${tableOfLaws(held)}\n\n`);
};
