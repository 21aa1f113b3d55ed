import * as Effect from "effect/Effect";
import type { PbfWriter } from "pbf";
import { absent } from "../../../data/packages.ts";
import { MissingPackage } from "../../../errors.ts";
import type { TensorFigures } from "../figures.ts";
import { dtypeNumbers, type GraphNode } from "./graph.ts";

/** One value of a summary, under its tag. */
export type Written =
  | { readonly kind: "scalar"; readonly tag: string; readonly value: number }
  | { readonly kind: "histogram"; readonly tag: string; readonly figures: TensorFigures }
  | { readonly kind: "text"; readonly tag: string; readonly text: string }
  | { readonly kind: "image"; readonly tag: string; readonly image: PngImage }
  | { readonly kind: "settings"; readonly settings: Settings };

/** An image that is encoded as PNG. */
export interface PngImage {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** The hyper-parameters of a run, by name. */
export type Settings = { readonly [name: string]: number | string | boolean };

/** One record of an event file. */
export interface EventRecord {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly values: readonly Written[];
}

/** Encodes records as the bytes of an event file. */
export interface Encoder {
  /** The first record of a file, which names its format. */
  readonly version: (wallTime: number) => Uint8Array;
  readonly record: (event: EventRecord) => Uint8Array;
  /** A record of a graph. */
  readonly graph: (wallTime: number, nodes: readonly GraphNode[]) => Uint8Array;
}

/** The numbers of the fields of TensorFlow's messages `Event`, `Summary.Value` and those within. */
const field = {
  event: { wallTime: 1, step: 2, fileVersion: 3, graphDef: 4, summary: 5 },
  graph: { node: 1, versions: 4 },
  node: { name: 1, op: 2, input: 3, attr: 5 },
  attr: { list: 1, type: 6 },
  attrList: { shape: 7 },
  shape: { dim: 2 },
  dim: { size: 1 },
  versions: { producer: 1 },
  summary: { value: 1 },
  value: { tag: 1, simpleValue: 2, image: 4, histogram: 5, tensor: 8, metadata: 9 },
  image: { height: 1, width: 2, colorspace: 3, encoded: 4 },
  histogram: { min: 1, max: 2, num: 3, sum: 4, sumSquares: 5, bucketLimit: 6, bucket: 7 },
  tensor: { dtype: 1, stringVal: 8 },
  metadata: { pluginData: 1 },
  pluginData: { pluginName: 1, content: 2 },
  hparams: { version: 1, sessionStartInfo: 3 },
  sessionStart: { hparams: 1 },
  entry: { key: 1, value: 2 },
  protoValue: { number: 2, string: 3, bool: 4 },
} as const;

/** The number of `DT_STRING` among TensorFlow's dtypes. */
const stringType = 7;
/** A PNG of four channels. */
const rgba = 4;

type Write<T> = (of: T, pbf: PbfWriter) => void;

const histogram: Write<TensorFigures> = (figures, pbf) => {
  const { least, greatest, counts, mean, norm, size, nonFinite } = figures;
  const of = field.histogram;
  const width = (greatest - least) / counts.length;
  const num = size - nonFinite;
  pbf.writeDoubleField(of.min, least);
  pbf.writeDoubleField(of.max, greatest);
  pbf.writeDoubleField(of.num, num);
  pbf.writeDoubleField(of.sum, num === 0 ? 0 : mean * num);
  pbf.writeDoubleField(of.sumSquares, norm * norm);
  pbf.writePackedDouble(
    of.bucketLimit,
    counts.map((_, i) => least + width * (i + 1)),
  );
  pbf.writePackedDouble(of.bucket, [...counts]);
};

const image: Write<PngImage> = ({ width, height, png }, pbf) => {
  pbf.writeVarintField(field.image.height, height);
  pbf.writeVarintField(field.image.width, width);
  pbf.writeVarintField(field.image.colorspace, rgba);
  pbf.writeBytesField(field.image.encoded, png);
};

const plugin: Write<{ readonly name: string; readonly content?: (pbf: PbfWriter) => void }> = (
  { name, content },
  pbf,
) =>
  pbf.writeMessage(
    field.metadata.pluginData,
    (_, data) => {
      data.writeStringField(field.pluginData.pluginName, name);
      if (content !== undefined)
        data.writeMessage(field.pluginData.content, (__, inner) => content(inner), undefined);
    },
    undefined,
  );

const setting: Write<readonly [string, number | string | boolean]> = ([name, value], pbf) => {
  pbf.writeStringField(field.entry.key, name);
  pbf.writeMessage(
    field.entry.value,
    (_, out) => {
      if (typeof value === "number") out.writeDoubleField(field.protoValue.number, value);
      else if (typeof value === "string") out.writeStringField(field.protoValue.string, value);
      else out.writeBooleanField(field.protoValue.bool, value);
    },
    undefined,
  );
};

const settingsContent =
  (settings: Settings) =>
  (pbf: PbfWriter): void =>
    pbf.writeMessage(
      field.hparams.sessionStartInfo,
      (_, start) => {
        for (const entry of Object.entries(settings))
          start.writeMessage(field.sessionStart.hparams, setting, entry);
      },
      undefined,
    );

const value: Write<Written> = (written, pbf) => {
  const of = field.value;
  pbf.writeStringField(
    of.tag,
    written.kind === "settings" ? "_hparams_/session_start_info" : written.tag,
  );
  switch (written.kind) {
    case "scalar":
      return pbf.writeFloatField(of.simpleValue, written.value);
    case "histogram":
      return pbf.writeMessage(of.histogram, histogram, written.figures);
    case "image":
      return pbf.writeMessage(of.image, image, written.image);
    case "text":
      pbf.writeMessage(
        of.tensor,
        (text: string, tensor: PbfWriter) => {
          tensor.writeVarintField(field.tensor.dtype, stringType);
          tensor.writeBytesField(field.tensor.stringVal, new TextEncoder().encode(text));
        },
        written.text,
      );
      return pbf.writeMessage(of.metadata, plugin, { name: "text" });
    case "settings":
      return pbf.writeMessage(of.metadata, plugin, {
        name: "hparams",
        content: settingsContent(written.settings),
      });
  }
};

const event: Write<EventRecord> = ({ wallTime, step, values }, pbf) => {
  pbf.writeDoubleField(field.event.wallTime, wallTime);
  pbf.writeVarintField(field.event.step, step);
  pbf.writeMessage(
    field.event.summary,
    (_, summary) => {
      for (const each of values) summary.writeMessage(field.summary.value, value, each);
    },
    undefined,
  );
};

const shapeOf: Write<readonly number[]> = (shape, pbf) => {
  for (const extent of shape)
    pbf.writeMessage(
      field.shape.dim,
      (size: number, dim) => dim.writeVarintField(field.dim.size, size),
      extent,
    );
};

/** An attribute of a node: its name, and what writes its value. */
const attribute = (name: string, content: (pbf: PbfWriter) => void) => (pbf: PbfWriter) =>
  pbf.writeMessage(
    field.node.attr,
    (_, entry) => {
      entry.writeStringField(field.entry.key, name);
      entry.writeMessage(field.entry.value, (__, out) => content(out), undefined);
    },
    undefined,
  );

const graphNode: Write<GraphNode> = ({ name, op, inputs, shape, dtype }, pbf) => {
  pbf.writeStringField(field.node.name, name);
  pbf.writeStringField(field.node.op, op);
  for (const input of inputs) pbf.writeStringField(field.node.input, input);
  attribute("dtype", (out) => out.writeVarintField(field.attr.type, dtypeNumbers[dtype]))(pbf);
  attribute("_output_shapes", (out) =>
    out.writeMessage(
      field.attr.list,
      (_, list) => list.writeMessage(field.attrList.shape, shapeOf, shape),
      undefined,
    ),
  )(pbf);
};

/** The version of graphs that TensorFlow 2 writes, `TF_GRAPH_DEF_VERSION`'s oldest that is still read. */
const producer = 22;

const graphDef: Write<readonly GraphNode[]> = (nodes, pbf) => {
  for (const node of nodes) pbf.writeMessage(field.graph.node, graphNode, node);
  pbf.writeMessage(
    field.graph.versions,
    (_, versions) => versions.writeVarintField(field.versions.producer, producer),
    undefined,
  );
};

/** The checksums of a file are rotated and moved, so that checksums of checksums differ. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

/**
 * Makes the encoder of TensorBoard's event files: TFRecords of `Event` messages.
 *
 * **Fails with** `MissingPackage` where the packages `pbf` and `crc-32` are not installed.
 * **Source** TensorFlow's `event.proto`, `summary.proto`, `graph.proto`, and the TFRecord format: the length in 64 bits, its checksum,
 * the bytes, their checksum (CRC-32C, masked).
 */
export const encoder: Effect.Effect<Encoder, MissingPackage> = Effect.gen(function* () {
  const load = <A>(from: () => Promise<A>) =>
    Effect.tryPromise({
      try: from,
      catch: () => new MissingPackage({ by: "tensorBoard", packages: ["pbf", "crc-32"] }),
    });
  const { PbfWriter } = yield* load(() => import("pbf").catch(absent));
  const checksums = yield* load(() => import("crc-32/crc32c.js").catch(absent));
  const framed = (data: Uint8Array): Uint8Array => {
    const out = new Uint8Array(data.length + 16);
    const view = new DataView(out.buffer);
    const sum = (from: number, to: number): number =>
      masked(checksums.default.buf(out.subarray(from, to)));
    view.setBigUint64(0, BigInt(data.length), true);
    view.setUint32(8, sum(0, 8), true);
    out.set(data, 12);
    view.setUint32(12 + data.length, sum(12, 12 + data.length), true);
    return out;
  };
  const bytes = <T>(write: Write<T>, of: T): Uint8Array => {
    const pbf = new PbfWriter();
    write(of, pbf);
    return framed(pbf.finish());
  };
  return {
    version: (wallTime) =>
      bytes((now, pbf) => {
        pbf.writeDoubleField(field.event.wallTime, now);
        pbf.writeStringField(field.event.fileVersion, "brain.Event:2");
      }, wallTime),
    record: (of) => bytes(event, of),
    graph: (wallTime, nodes) =>
      bytes((_, pbf) => {
        pbf.writeDoubleField(field.event.wallTime, wallTime);
        // A message within a field of bytes is written as the message itself.
        pbf.writeMessage(field.event.graphDef, graphDef, nodes);
      }, undefined),
  };
});
