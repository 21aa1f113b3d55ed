import type { Expr } from "../../../src/index.ts";
import {
  add,
  and,
  div,
  gt,
  index,
  iota,
  lt,
  maximum,
  minimum,
  mul,
  random,
  stack,
  sub,
  where,
} from "../../../src/ir/index.ts";
import { gridSample } from "../../../src/nn/functional/index.ts";

/**
 * Changes an image `[height, width, 3]` and its boxes `[boxes, 5]` at random: mirrored along both axes, by up to a fifth larger
 * or smaller, moved by up to a twelfth, and brighter or darker. Of a box that reaches out of the image the part inside is left;
 * one of less than 0.4 of its area becomes none.
 */
export const moved = (image: Expr, boxes: Expr, key: random.KeyExpr): readonly [Expr, Expr] => {
  const [forFlip, forZoom, forShift, forLight] = random.splitKey(key, 4);
  const [height = 1, width = 1] = image.shape;
  const draw = (of: random.KeyExpr, n: number, low: number, high: number): Expr =>
    random.uniform(of, [n], { low, high });
  const flip = where(gt(draw(forFlip, 2, -1, 1), 0), 1, -1);
  // Of a place x in the new image, from -1 to 1, the old one is at scale · x + shift.
  const scale = mul(flip, draw(forZoom, 1, 0.8, 1.2));
  const shift = draw(forShift, 2, -1 / 6, 1 / 6);
  const places = (n: number, axis: number): Expr =>
    sub(mul(add(iota([height, width], axis, "f32"), 0.5), 2 / n), 1);
  const grid = stack([places(width, 1), places(height, 0)], -1);
  const seen = gridSample(image, add(mul(grid, scale), shift), { outside: "border" });

  const at = (side: number): Expr => {
    const old = sub(mul(index(boxes, side, -1), 2), 1);
    const axis = side % 2;
    return mul(add(div(sub(old, index(shift, axis)), index(scale, axis)), 1), 0.5);
  };
  const sides = [minimum(at(0), at(2)), minimum(at(1), at(3))] as const;
  const ends = [maximum(at(0), at(2)), maximum(at(1), at(3))] as const;
  const inside = (x: Expr): Expr => minimum(maximum(x, 0), 1);
  const area = (cut: (x: Expr) => Expr): Expr =>
    mul(sub(cut(ends[0]), cut(sides[0])), sub(cut(ends[1]), cut(sides[1])));
  const kind = index(boxes, 4, -1);
  const lost = and(
    gt(kind, -1),
    lt(
      area(inside),
      mul(
        area((x) => x),
        0.4,
      ),
    ),
  );
  const made = [...[...sides, ...ends].map(inside), where(lost, -1, kind)];
  return [mul(seen, draw(forLight, 3, 0.85, 1.15)), stack(made, -1)];
};
