import { expect, it } from "vitest";
import { checkTime } from "../types/compiler.ts";

/** A chain of `n` layers with an activation after each, and a use of its type. */
const network = (n: number): string => {
  const widths = Array.from({ length: n + 1 }, (_, i) => 8 + (i % 5));
  const layers = widths.slice(1).map((to, i) => `dense(${widths[i]}, ${to}), relu`);
  return [
    'import { dense, relu, sequential, type Tensor } from "fluxion";',
    `const network = sequential(${layers.join(", ")});`,
    `export const weight: Tensor<readonly [${widths[n - 1]}, ${widths[n]}]> =`,
    `  network.init({} as Tensor<readonly [2]>).params[${2 * n - 2}].weight;`,
  ].join("\n");
};

/** What the types of the thirty layers may cost beyond those of two, in milliseconds. */
const budget = 150;

it("the types of thirty layers are checked within their budget", async () => {
  const [few, many] = [await checkTime(network(2)), await checkTime(network(30))];
  console.log(`type-checking 2 layers: ${few} ms, 30 layers: ${many} ms`);
  expect(many - few).toBeLessThan(budget);
});
