import type { RandomBits } from "../../plan/kernel.ts";
import { type Buffer, bufferOf } from "../../plan/view.ts";
import { type Body, type Code, i32, i32x4, type Local, v128 } from "../assembler/index.ts";
import { startOf } from "../codegen/emitContext.ts";
import { nestPart } from "../codegen/loopBody.ts";
import { type Cut, cutOf, spanOf } from "../codegen/partition.ts";
import type { Family } from "./family.ts";

/**
 * Threefry-2x32-20 on four blocks at a time, in the layout of `src/tensor/threefry.ts`: a group of four blocks gives
 * eight words, first the four blocks' first words, then their second words.
 */
const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

const parity = 0x1bd11bda;

type Lanes = Local<"v128">;

const rotate = (body: Body, x: Lanes, by: number): Code<"v128"> => {
  return body.let(v128.or(i32x4.shl(x, by), i32x4.shr_u(x, 32 - by)));
};

/** Turns counters into random words, in place. */
const mix = (body: Body, keys: readonly [Lanes, Lanes, Lanes], x: Lanes, y: Lanes): void => {
  body.set(x, i32x4.add(x, keys[0]));
  body.set(y, i32x4.add(y, keys[1]));
  for (let injection = 1; injection <= 5; injection++) {
    for (const by of rotations[(injection - 1) % 2] as readonly number[]) {
      body.set(x, i32x4.add(x, y));
      body.set(y, v128.xor(rotate(body, y, by), x));
    }
    body.set(x, i32x4.add(x, keys[injection % 3] as Lanes));
    const count = body.hoist(i32x4.const(injection));
    body.set(y, i32x4.add(i32x4.add(y, keys[(injection + 1) % 3] as Lanes), count));
  }
};

const cutOfWords = ({ count, words }: RandomBits): Cut | undefined => cutOf([count, words]);

export const randomBits: Family<RandomBits> = {
  pieces: (work) => cutOfWords(work)?.pieces ?? 1,
  emit: (site, work, range) => {
    const { keys, count, words, to: out } = work;
    const cut = cutOfWords(work);
    const { body } = site;
    const inside = cut?.axis === 1 ? range : undefined;
    nestPart(site, [count], cut, range, ([key]) => {
      const k = key as Code<"i32">;
      const at = body.let(
        i32.add(startOf(site, bufferOf(keys) as Buffer, keys.offset * 4), i32.mul(k, 8)),
      );
      const to = body.let(i32.add(startOf(site, out), i32.mul(k, 4 * words)));
      const first = body.let(v128.load32_splat(at));
      const second = body.let(v128.load32_splat(at, 4));
      const third = body.let(v128.xor(body.hoist(i32x4.const(parity)), v128.xor(first, second)));
      const group = (block: Code<"i32">): readonly [Lanes, Lanes] => {
        const x = body.let(i32x4.add(i32x4.splat(block), body.hoist(i32x4.const(0, 1, 2, 3))));
        const y = body.let(i32x4.const(0));
        mix(body, [first, second, third], x, y);
        return [x, y];
      };
      const whole = words - (words % 8);
      const span = spanOf(body, inside, cut?.size ?? 1, 0, whole);
      body.for(span.from, span.to, 8, (word) => {
        const [x, y] = group(i32.shr_u(word, 1));
        const target = body.let(i32.add(to, i32.shl(word, 2)));
        body.do(v128.store(target, x), v128.store(target, y, 16));
      });
      if (whole === words) return;
      const rest = (): void => {
        const last = group(i32.const(whole / 2));
        for (let word = whole; word < words; word++) {
          const [half, lane] = [Math.floor((word - whole) / 4), (word - whole) % 4];
          body.do(v128.store32_lane(lane, last[half] as Lanes, to, 4 * word));
        }
      };
      if (inside === undefined || cut === undefined) rest();
      else body.if(i32.and(i32.lt_s(inside.from, inside.to), i32.eq(inside.to, cut.pieces)), rest);
    });
  },
};
