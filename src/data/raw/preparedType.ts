import type { TensorType } from "../../ir/expr.ts";
import { afterStage } from "../preprocess/stages.ts";
import { fieldsType } from "../table/encode.ts";
import type { Feature, FromRaw } from "./raw.ts";

/** The number of numbers that a feature becomes. */
export const widthOf = (feature: Feature): number =>
  "classes" in feature ? feature.classes.length : 1;

/** The type of the column that raw values become. */
export const preparedType = (from: FromRaw): TensorType => {
  switch (from.kind) {
    case "picture":
      return { shape: from.shape, dtype: "f32" };
    case "sound":
      return { shape: [from.frames, from.mels], dtype: "f32" };
    case "text":
      return { shape: [from.length], dtype: "i32" };
    case "stages":
      return from.stages.reduce(afterStage, preparedType(from.from));
    case "fields":
      return fieldsType(from);
    case "records": {
      const width = from.features.reduce((n, feature) => n + widthOf(feature), 0);
      return { shape: from.rows === undefined ? [width] : [from.rows, width], dtype: "f32" };
    }
  }
};
