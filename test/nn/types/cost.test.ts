import { expect, it } from "vitest";
import { instantiationsIn } from "../../types/compiler.ts";

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

/**
 * The budget for the types of thirty layers beyond those of two. The compiler's work is counted, which is the same
 * everywhere: it takes some 30 ms on an idle machine.
 */
const budget = 20_000;

it("the types of thirty layers are checked within their budget", async () => {
  const [few, many] = [await instantiationsIn(network(2)), await instantiationsIn(network(30))];
  console.log(`thirty layers: ${many - few} instantiations more than two layers`);
  expect(many - few).toBeLessThan(budget);
});
