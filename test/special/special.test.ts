import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { SyncBackend } from "../../src/backend/index.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { parameter } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { program } from "../../src/ir/program.ts";
import * as special from "../../src/special/index.ts";
import { tensor } from "../../src/tensor/constructors.ts";
import { layerStanding } from "../backend/standing.ts";

type Point = readonly [x: number, y: number];

/**
 * Values to 40 digits by mpmath 1.3, rounded to f64. Arguments are representable in f32 where possible, and away from
 * zeros that come from cancellation.
 */
const truth: { readonly [name in keyof typeof functions]: readonly Point[] } = {
  besselI0: [
    [0, 1.0],
    [9.5367431640625e-7, 1.0000000000002274],
    [0.5, 1.0634833707413236],
    [-1, 1.2660658777520084],
    [3.75, 9.118945860844567],
    [7.96875, 415.2506333850912],
    [8, 427.5641157218048],
    [8.03125, 440.24635575769713],
    [-12.5, 30596.335155785153],
    [50, 2.9325537838493362e20],
    [88, 7.034019697322304e36],
    [700.5, 2.5209725792992755e302],
  ],
  besselI1: [
    [9.5367431640625e-7, 4.768371582031792e-7],
    [0.5, 0.2578943053908963],
    [-1, -0.565159103992485],
    [3.75, 7.780015229824416],
    [7.96875, 388.24728695222757],
    [8, 399.8731367825601],
    [-8.03125, -411.84952414806094],
    [12.5, 29345.74964207113],
    [50, 2.903078590103557e20],
    [88, 6.993938822790253e36],
    [700.5, 2.5191725267858914e302],
  ],
  besselI0Scaled: [
    [0, 1.0],
    [9.5367431640625e-7, 0.9999990463263657],
    [0.5, 0.6450352704491501],
    [-1, 0.46575960759364043],
    [3.75, 0.2144570512300487],
    [7.96875, 0.14372295930277978],
    [8, 0.14343178185685032],
    [8.03125, 0.14314237275813138],
    [-12.5, 0.1140219294622889],
    [100, 0.03994437929909668],
    [1099511627776.0, 3.804610065474301e-7],
  ],
  besselI1Scaled: [
    [9.5367431640625e-7, 4.7683670345604516e-7],
    [0.5, 0.1564208031848717],
    [-1, -0.20791041534970844],
    [3.75, 0.1829684209308909],
    [7.96875, 0.1343767944847476],
    [8, 0.13414249329269817],
    [-8.03125, -0.13390938354139925],
    [12.5, 0.10936143099065089],
    [100, 0.03974415302513025],
    [1099511627776.0, 3.8046100654725703e-7],
  ],
  erfc: [
    [-5, 1.9999999999984626],
    [-0.5, 1.5204998778130465],
    [0, 1.0],
    [9.5367431640625e-7, 0.9999989238937692],
    [0.25, 0.7236736098317631],
    [0.484375, 0.49333780362708207],
    [0.5, 0.4795001221869535],
    [1, 0.15729920705028513],
    [3.5, 7.430983723414128e-7],
    [9, 4.13703174651381e-37],
    [20.25, 2.272956417880784e-180],
    [26, 5.663192408856143e-296],
  ],
  erfcx: [
    [-26, 7.657724931490568e293],
    [-9, 3.0121946291700612e35],
    [-0.5, 1.952360489182557],
    [0, 1.0],
    [9.5367431640625e-7, 0.9999989238946787],
    [0.25, 0.7703465477309968],
    [1, 0.427583576155807],
    [3, 0.17900115118138996],
    [10, 0.05614099274382259],
    [100, 0.005641613782989433],
    [1099511627776.0, 5.131274370321592e-13],
  ],
  ndtr: [
    [-38, 2.88542835e-316],
    [-20.5, 1.0764673258790961e-93],
    [-12.25, 8.399796063633417e-35],
    [-5, 2.866515718791939e-7],
    [-1, 0.15865525393145705],
    [-9.5367431640625e-7, 0.49999961953899347],
    [0, 0.5],
    [0.5, 0.6914624612740131],
    [2, 0.9772498680518208],
    [6, 0.9999999990134123],
  ],
  logNdtr: [
    [-1048576, -549755813902.7819],
    [-100, -5005.524208694205],
    [-20.5, -214.0667289632638],
    [-5, -15.064998393988725],
    [-1, -1.8410216450092636],
    [0, -Math.LN2],
    [0.5, -0.3689464152886564],
    [2, -0.02301290932896349],
    [6, -9.865876455243758e-10],
    [12, -1.776482112077679e-33],
  ],
  ndtri: [
    [9.332636185032189e-302, -37.11101193716479],
    [7.52316384526264e-37, -12.626696560491395],
    [9.313225746154785e-10, -6.009353565530744],
    [0.0009765625, -3.0972690781987846],
    [0.07421875, -1.4450725798180744],
    [0.078125, -1.4177971379962673],
    [0.25, -0.6744897501960817],
    [0.4999990463256836, -2.390507006295574e-6],
    [0.625, 0.31863936396437514],
    [0.921875, 1.4177971379962673],
    [0.9375, 1.5341205443525463],
    [0.9999990463256836, 4.7630010342678135],
  ],
  logGamma: [
    [8.673617379884035e-19, 41.58883083359672],
    [0.25, 1.2880225246980774],
    [0.5, 0.5723649429247001],
    [0.984375, 0.009221337197578781],
    [1.015625, -0.00881970970573307],
    [1.5, -0.12078223763524522],
    [1.984375, -0.006527019770560387],
    [2.015625, 0.006684476830232185],
    [2.5, 0.2846828704729192],
    [5, 3.1780538303479458],
    [7.984375, 8.493683226314115],
    [8, 8.525161361065415],
    [100, 359.1342053695754],
    [1099511627776.0, 29385423763643.473],
    [1.298074214633707e33, 9.767513880876742e34],
    [-0.75, 1.5757045971498584],
    [-2.25, 0.5555015450206475],
    [-7.25, -7.54188344347575],
  ],
  digamma: [
    [8.673617379884035e-19, -1.152921504606847e18],
    [0.25, -4.2274535333762655],
    [0.5, -1.9635100260214235],
    [1, -0.5772156649015329],
    [2, 0.42278433509846713],
    [5, 1.5061176684318005],
    [9.5, 2.1977378764029494],
    [100, 4.600161852738087],
    [1099511627776.0, 27.725887222397358],
    [-0.75, -2.894120200042932],
    [-2.4990234375, 1.1124722898302382],
    [-20.125, 10.611077432912593],
  ],
  polygamma1: [
    [9.313225746154785e-10, 1.152921504606847e18],
    [0.25, 17.19732915450711],
    [0.5, 4.934802200544679],
    [1, 1.6449340668482264],
    [2, 0.6449340668482264],
    [5, 0.22132295573711533],
    [9.5, 0.11099728846909904],
    [100, 0.010050166663333571],
    [1073741824.0, 9.313225750491594e-10],
    [-0.5, 8.934802200544679],
    [-2.4990234375, 9.539233840566169],
    [-20.125, 67.34539904473097],
  ],
  polygamma2: [
    [9.5367431640625e-7, -2.305843009213694e18],
    [0.25, -129.32773993753693],
    [0.5, -16.82879664423432],
    [1, -2.4041138063191885],
    [2, -0.4041138063191886],
    [5, -0.048789732245114494],
    [9.5, -0.012307845807709338],
    [100, -0.00010100499983335],
    [1073741824.0, -8.673617387961971e-19],
    [-0.5, -0.82879664423432],
    [-2.75, -124.11765305971518],
    [-20.125, 1022.2920414835888],
  ],
  polygamma4: [
    [0.0009765625, -2.7021597764223e16],
    [0.25, -24584.375388637935],
    [0.5, -771.4742498266672],
    [1, -24.88626612344088],
    [2, -0.8862661234408782],
    [5, -0.014063191342112799],
    [9.5, -0.0009052254233853626],
    [100, -6.120999930011997e-8],
    [-0.5, -3.4742498266672253],
    [-3.0009765625, 2.7021597764222976e16],
    [-20.125, 786397.9924738219],
  ],
};

const functions = {
  besselI0: special.i0,
  besselI1: special.i1,
  besselI0Scaled: special.i0e,
  besselI1Scaled: special.i1e,
  erfc: special.erfc,
  erfcx: special.erfcx,
  ndtr: special.ndtr,
  logNdtr: special.logNdtr,
  ndtri: special.ndtri,
  logGamma: special.logGamma,
  digamma: special.digamma,
  polygamma1: (x: Expr) => special.polygamma(1, x),
  polygamma2: (x: Expr) => special.polygamma(2, x),
  polygamma4: (x: Expr) => special.polygamma(4, x),
} as const;

const inF64 = (f: (x: Expr) => Expr, xs: readonly number[]): readonly number[] => {
  const x = parameter({ shape: [xs.length], dtype: "f64" });
  return [...(run(program([x], [f(x)]), [tensor([...xs], "f64")])[0]?.toTypedArray() ?? [])];
};

const inF32OnWasm = (f: (x: Expr) => Expr, xs: readonly number[]): readonly number[] => {
  const x = parameter({ shape: [xs.length], dtype: "f32" });
  const compiled = Effect.runSync(
    Effect.provide(
      Effect.flatMap(SyncBackend, (backend) => backend.compile(program([x], [f(x)]))),
      layerStanding,
    ),
  );
  return [...(compiled.run([tensor([...xs])])[0]?.toTypedArray() ?? [])];
};

/** Whether f32 represents a number with all its digits: neither too large nor too small. */
const inRange = (x: number): boolean => x === 0 || (Math.abs(x) < 3.4e38 && Math.abs(x) > 1.2e-38);

const expectNear = (
  points: readonly Point[],
  actual: readonly number[],
  tolerance: number,
): void => {
  const wrong = points.flatMap(([x, y], i) =>
    Math.abs((actual[i] as number) - y) <= tolerance * Math.abs(y) ? [] : [[x, actual[i], y]],
  );
  expect(wrong).toEqual([]);
};

describe("special functions", () => {
  const cases = Object.entries(truth).map(([name, points]) => ({
    name,
    points,
    f: functions[name as keyof typeof functions],
  }));

  it.each(cases)("$name: within 8 roundings in f64", ({ f, points }) => {
    expectNear(
      points,
      inF64(
        f,
        points.map(([x]) => x),
      ),
      8 * 2 ** -53,
    );
  });

  it.each(cases)("$name: within 1e-6 in f32 on wasm", ({ f, points }) => {
    const held = points.filter(([x, y]) => inRange(x) && inRange(y));
    expectNear(
      held,
      inF32OnWasm(
        f,
        held.map(([x]) => x),
      ),
      1e-6,
    );
  });

  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  it.each([
    ["besselI0", [-infinity, infinity, nan], [infinity, infinity, nan]],
    ["besselI1", [-infinity, infinity, nan], [-infinity, infinity, nan]],
    ["besselI0Scaled", [-infinity, infinity, nan], [0, 0, nan]],
    ["besselI1Scaled", [-infinity, infinity, nan], [-0, 0, nan]],
    ["erfc", [-infinity, infinity, nan], [2, 0, nan]],
    ["erfcx", [-infinity, infinity, nan], [infinity, 0, nan]],
    ["ndtr", [-infinity, infinity, nan], [0, 1, nan]],
    ["logNdtr", [-infinity, infinity, nan], [-infinity, -0, nan]],
    ["ndtri", [0, 1, -0.25, 1.25, nan], [-infinity, infinity, nan, nan, nan]],
    ["logGamma", [0, -1, -20, infinity, nan], [infinity, infinity, infinity, infinity, nan]],
    ["digamma", [0, -3, infinity, nan], [-infinity, -infinity, infinity, nan]],
    ["polygamma1", [0, -3, infinity, nan], [infinity, infinity, 0, nan]],
  ] as const)("%s at the ends of its domain", (name, xs, ys) => {
    expect(inF64(functions[name], xs)).toEqual(ys);
    expect(inF32OnWasm(functions[name], xs)).toEqual(ys);
  });
});
