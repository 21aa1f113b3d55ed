import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { ReverseMode, valueAndGrad, vmap } from "../../src/autodiff/index.ts";
import { SyncBackend } from "../../src/backend/index.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { constant, parameter } from "../../src/ir/build.ts";
import type { Expr, Program } from "../../src/ir/expr.ts";
import { add, mul } from "../../src/ir/ops/elementwise.ts";
import { mean, sum } from "../../src/ir/ops/reduction.ts";
import { moveAxis, sliceAxis, stack, transpose } from "../../src/ir/ops/structural.ts";
import { program } from "../../src/ir/program.ts";
import { relu } from "../../src/nn/functional/activation.ts";
import { affine } from "../../src/nn/functional/affine.ts";
import { attentionWeights } from "../../src/nn/functional/attention.ts";
import type { Context, Symbolic } from "../../src/nn/layer.ts";
import { multiHeadAttention } from "../../src/nn/layers/attention.ts";
import { batchNorm } from "../../src/nn/layers/normalization/batchNorm.ts";
import { gru, lstm, rnn } from "../../src/nn/layers/recurrent/recurrent.ts";
import type { RecurrentParams } from "../../src/nn/layers/recurrent/stacked.ts";
import {
  transformerDecoderBlock,
  transformerEncoderBlock,
} from "../../src/nn/layers/transformerBlock.ts";
import { key } from "../../src/tensor/key.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { flatten, unflatten } from "../../src/tree.ts";
import { layerStanding } from "../backend/standing.ts";
import { readGolden } from "./torch.ts";

interface Stored {
  readonly s: readonly number[];
  readonly d: readonly number[];
}
interface Named<T> {
  readonly [name: string]: T;
}
interface ModuleRecord {
  readonly kind: string;
  readonly cfg: Named<number | boolean | string>;
  readonly inputs: readonly Stored[];
  readonly params: Named<Stored>;
  readonly buffers_before: Named<Stored>;
  readonly buffers_after: Named<Stored>;
  readonly outputs: readonly Stored[];
  readonly loss: number;
  readonly grad_inputs: readonly Stored[];
  readonly grad_params: Named<Stored>;
}

const kinds = [
  "rnn",
  "gru",
  "lstm",
  "multihead_attention",
  "transformer_encoder_layer",
  "transformer_decoder_layer",
  "batchnorm1d",
  "batchnorm2d",
  "batchnorm3d",
];
const records = readGolden<ModuleRecord>("torch-modules-f64.jsonl.gz");
const modules = (records ?? []).filter((r) => kinds.includes(r.kind));

const tensorOf = ({ s, d }: Stored, float: "f32" | "f64"): Tensor =>
  Tensor.own(s, "f64", Float64Array.from(d)).cast(float);

/** PyTorch's params and inputs as expressions, and the resulting outputs and buffers. */
interface Made {
  readonly outputs: readonly Expr[];
  readonly buffers?: Named<Expr>;
}
type Model = (p: Named<Expr>, xs: readonly Expr[], buffers: Named<Expr>) => Made;

const context: Context = { mode: "train", key: constant(key(0)), axis: "batch" };
const get = (p: Named<Expr>, name: string): Expr => p[name] as Expr;
/** PyTorch stores matrices as outputs by inputs. */
const affineOf = (p: Named<Expr>, weight: string, bias: string) => ({
  weight: transpose(get(p, weight)) as Expr,
  bias: get(p, bias),
});
const normOf = (p: Named<Expr>, name: string) => ({
  scale: get(p, `${name}.weight`),
  offset: get(p, `${name}.bias`),
});
/** The three stacked maps of an attention layer, and its output map. */
const attentionOf = (p: Named<Expr>, prefix: string, width: number) => {
  const third = (i: number) => ({
    weight: transpose(
      sliceAxis(get(p, `${prefix}in_proj_weight`), 0, i * width, (i + 1) * width),
    ) as Expr,
    bias: sliceAxis(get(p, `${prefix}in_proj_bias`), 0, i * width, (i + 1) * width),
  });
  const output = affineOf(p, `${prefix}out_proj.weight`, `${prefix}out_proj.bias`);
  return { query: third(0), key: third(1), value: third(2), output };
};

const recurrence =
  ({ kind, cfg }: ModuleRecord): Model =>
  (p, [x]) => {
    const [layers, bidirectional] = [Number(cfg.num_layers), cfg.bidirectional === true];
    const build: typeof gru = kind === "rnn" ? rnn : kind === "gru" ? gru : lstm;
    const layer = build(Number(cfg.input), Number(cfg.hidden), { layers, bidirectional });
    const params = Array.from({ length: layers }, (_, l) =>
      (bidirectional ? ["", "_reverse"] : [""]).map((suffix) => ({
        inputWeight: transpose(get(p, `weight_ih_l${l}${suffix}`)) as Expr,
        hiddenWeight: transpose(get(p, `weight_hh_l${l}${suffix}`)) as Expr,
        ...(cfg.bias === true && {
          inputBias: get(p, `bias_ih_l${l}${suffix}`),
          hiddenBias: get(p, `bias_hh_l${l}${suffix}`),
        }),
      })),
    ) as Symbolic<RecurrentParams>;
    const batchAxis = cfg.batch_first === true ? 0 : 1;
    const made = vmap((sequence: Expr) => {
      const { outputs, last } = layer.run(params, sequence);
      const carries = last.flat();
      return [
        outputs,
        ...(carries[0] ?? []).map((_, i) => stack(carries.map((c) => c[i] as Expr))),
      ];
    })(moveAxis(x as Expr, batchAxis, 0)) as readonly Expr[];
    return {
      outputs: made.map((y, i) => moveAxis(y, 0, i === 0 ? batchAxis : 1)),
    };
  };

const attention =
  ({ cfg }: ModuleRecord): Model =>
  (p, [query, memory, values]) => {
    const [width, heads] = [Number(cfg.embed), Number(cfg.heads)];
    const layer = multiHeadAttention(width, { heads });
    const params = attentionOf(p, "", width);
    return {
      outputs: vmap((x: Expr, m: Expr, v: Expr) => {
        const headsOf = (map: typeof params.query, y: Expr): Expr =>
          stack(
            Array.from({ length: heads }, (_, h) =>
              sliceAxis(affine(map, y), 1, (h * width) / heads, ((h + 1) * width) / heads),
            ),
          );
        const weights = attentionWeights(headsOf(params.query, x), headsOf(params.key, m));
        return [layer.attend(params, x, m, { values: v }), mean(weights, 0) as Expr];
      })(query as Expr, memory as Expr, values as Expr) as readonly Expr[],
    };
  };

const block =
  ({ cfg, kind }: ModuleRecord): Model =>
  (p, [xs, memories]) => {
    const width = Number(cfg.d);
    const options = {
      heads: Number(cfg.heads),
      hidden: Number(cfg.ff),
      activation: relu,
      norm: cfg.norm_first === true ? "pre" : "post",
    } as const;
    const shared = {
      attention: attentionOf(p, "self_attn.", width),
      attentionNorm: normOf(p, "norm1"),
      feedForward: {
        up: affineOf(p, "linear1.weight", "linear1.bias"),
        down: affineOf(p, "linear2.weight", "linear2.bias"),
      },
    };
    if (kind === "transformer_encoder_layer") {
      const params = { ...shared, feedForwardNorm: normOf(p, "norm2") };
      const layer = transformerEncoderBlock(width, options);
      const f = (x: Expr) => layer.apply(params, undefined, x as never, context)[0] as Expr;
      return { outputs: [vmap(f)(xs as Expr)] };
    }
    const params = {
      ...shared,
      cross: attentionOf(p, "multihead_attn.", width),
      crossNorm: normOf(p, "norm2"),
      feedForwardNorm: normOf(p, "norm3"),
    };
    const decoder = transformerDecoderBlock(width, { ...options, causal: false });
    const f = (x: Expr, m: Expr) =>
      decoder.over(m).apply(params, undefined, x as never, context)[0] as Expr;
    return { outputs: [vmap(f)(xs as Expr, memories as Expr)] };
  };

const normalization =
  ({ cfg }: ModuleRecord): Model =>
  (p, [x], buffers) => {
    const e = x as Expr;
    const layer = batchNorm(e.shape[1] ?? 1, {
      momentum: Number(cfg.momentum),
      epsilon: Number(cfg.eps),
    });
    const state = { mean: get(buffers, "running_mean"), variance: get(buffers, "running_var") };
    const params = { scale: get(p, "weight"), offset: get(p, "bias") };
    const [y, next] = vmap(
      (one: Expr) => {
        const [made, after] = layer.apply(params, state, one, context);
        return [made, after] as const;
      },
      { axis: "batch" },
    )(moveAxis(e, 1, -1));
    const first = (all: Expr): Expr => mean(all, 0) as Expr;
    return {
      outputs: [moveAxis(y as Expr, -1, 1)],
      buffers: {
        running_mean: first(next.mean as Expr),
        running_var: first(next.variance as Expr),
      },
    };
  };

const modelOf = (record: ModuleRecord): Model => {
  if (["rnn", "gru", "lstm"].includes(record.kind)) return recurrence(record);
  if (record.kind === "multihead_attention") return attention(record);
  if (record.kind.startsWith("transformer")) return block(record);
  return normalization(record);
};

/** `sum(out * w)` over all outputs, with `w[i] = cos(1.7 i + 0.3)` over each. */
const weighted = (outputs: readonly Expr[]): Expr<readonly []> =>
  outputs
    .map((y) => {
      const w = Float64Array.from({ length: sizeOf(y.shape) }, (_, i) => Math.cos(1.7 * i + 0.3));
      return sum(mul(y, constant(Tensor.own(y.shape, "f64", w).cast(y.dtype)))) as Expr;
    })
    .reduce((a, b) => add(a, b) as Expr) as Expr<readonly []>;

const namesOf = (stored: Named<Stored>): readonly string[] => Object.keys(stored).sort();

/** The differences between a record's numbers and ours, in words. */
const mistakesOf = (
  record: ModuleRecord,
  float: "f32" | "f64",
  tolerance: number,
  execute: (p: Program, inputs: readonly Tensor[]) => readonly Tensor[],
): readonly string[] => {
  const given = {
    inputs: record.inputs.map((t) => tensorOf(t, float)),
    params: Object.fromEntries(
      Object.entries(record.params).map(([k, t]) => [k, tensorOf(t, float)]),
    ),
    buffers: Object.fromEntries(
      Object.entries(record.buffers_before)
        .filter(([k]) => k !== "num_batches_tracked")
        .map(([k, t]) => [k, tensorOf(t, float)]),
    ),
  };
  const { leaves, shape } = flatten(given);
  const parameters = (leaves as readonly Tensor[]).map((t) => parameter(t));
  const at = unflatten(shape, parameters) as {
    readonly inputs: readonly Expr[];
    readonly params: Named<Expr>;
    readonly buffers: Named<Expr>;
  };
  const model = modelOf(record);
  const made = model(at.params, at.inputs, at.buffers);
  const f = ([p, xs]: readonly [Named<Expr>, readonly Expr[]]) =>
    weighted(model(p, xs, at.buffers).outputs);
  const derive = Effect.runSync(Effect.provide(valueAndGrad(f), ReverseMode.layerTape));
  const [loss, [byParams, byInputs]] = derive([at.params, at.inputs]);
  const buffers = made.buffers ?? {};
  const expected: readonly (readonly [string, Expr, Stored])[] = [
    ...record.outputs.map((t, i) => [`output ${i}`, made.outputs[i] as Expr, t] as const),
    ["loss", loss as Expr, { s: [], d: [record.loss] }],
    ...record.grad_inputs.map((t, i) => [`by input ${i}`, byInputs[i] as Expr, t] as const),
    ...namesOf(record.grad_params).map(
      (k) => [`by ${k}`, get(byParams, k), record.grad_params[k] as Stored] as const,
    ),
    ...Object.keys(buffers).map(
      (k) => [k, get(buffers, k), record.buffers_after[k] as Stored] as const,
    ),
  ];
  const results = execute(
    program(
      parameters,
      expected.map(([, y]) => y),
    ),
    leaves as readonly Tensor[],
  );
  return expected.flatMap(([what, , stored], i) => {
    const actual = [...(results[i] as Tensor).toTypedArray()];
    const greatest = stored.d.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    const worst = stored.d.findIndex(
      (x, j) =>
        !(
          Math.abs(x - (actual[j] ?? Number.NaN)) <=
          tolerance * Math.max(Math.abs(x), greatest / 100) +
            16 * (float === "f32" ? 2 ** -23 : 2 ** -52)
        ),
    );
    return worst < 0 ? [] : [`${what}[${worst}]: ${actual[worst]}, not ${stored.d[worst]}`];
  });
};

const onWasm = (whole: Program, inputs: readonly Tensor[]): readonly Tensor[] =>
  Effect.runSync(
    Effect.provide(
      Effect.flatMap(SyncBackend, (backend) => backend.compile(whole)),
      layerStanding,
    ),
  ).run(inputs);

describe.skipIf(records === undefined)("modules compared with PyTorch", () => {
  it.each(modules)("$kind $cfg: values and gradients in f64", (record) => {
    expect(mistakesOf(record, "f64", 1e-9, run)).toEqual([]);
  });

  it.each(modules)("$kind $cfg: values and gradients in f32, compiled to WebAssembly", (record) => {
    expect(mistakesOf(record, "f32", 1e-4, onWasm)).toEqual([]);
  });

  it("covers every kind in the file", () => {
    expect(new Set(modules.map((r) => r.kind)).size).toBe(kinds.length);
  });
});
