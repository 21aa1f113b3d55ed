import { InvalidArgument } from "../../errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { finite, wholeTo } from "../../tensor/validate.ts";
import { isCyclic } from "./dates.ts";
import { fieldsType, rowWriter } from "./encode.ts";
import type { FittedField, FromFields } from "./fitted.ts";

/** The maximum number of numbers of a column. */
const mostNumbers = 2 ** 20;

/**
 * Describes how the fields of a row become a column, from fields that were fitted and stored; `fitTable` makes them of
 * training rows.
 *
 * **Fails with** `InvalidArgument`, thrown, where the parts of a field contradict one another.
 */
export const fromFields = (fields: readonly FittedField[], single: boolean): FromFields => {
  const refuse = (argument: string, expected: string, actual: string): never => {
    throw new InvalidArgument({ op: "fromFields", argument, expected, actual });
  };
  if (fields.length === 0 || (single && fields.length > 1))
    refuse("fields", single ? "one field" : "at least one field", String(fields.length));
  for (const of of fields) {
    if (of.type === "category" && new Set(of.classes).size < of.classes.length)
      refuse(of.field, "classes that differ", "one twice");
    if (of.type === "date" && of.parts.some(({ part, cyclic }) => cyclic && !isCyclic(part)))
      refuse(of.field, "parts that come again as cyclic ones", "another");
    if (of.type === "text") {
      wholeTo(of.as === "tokens" ? 1 : 0, mostNumbers)("fromFields", { length: of.length });
      if (of.as === "tfidf" && of.weights.length !== of.vocabulary.size)
        refuse(of.field, `weights of ${of.vocabulary.size} words`, String(of.weights.length));
      if (of.as === "tokens" && !single) refuse(of.field, "tokens alone", "tokens in a list");
    }
    if ("scaling" in of && of.scaling !== undefined) {
      const width =
        of.type === "date" ? of.parts.reduce((n, { cyclic }) => n + (cyclic ? 2 : 1), 0) : 1;
      const { shift, scale } = of.scaling;
      if (shift.length !== width || scale.length !== width || scale.includes(0))
        refuse(of.field, `a scale of ${width} numbers, none of them 0`, `${scale.length}`);
    }
    if ("fill" in of) finite("fromFields", { [`fill of ${of.field}`]: of.fill });
  }
  const from: FromFields = { kind: "fields", single, fields };
  wholeTo(0, mostNumbers)("fromFields", { numbers: sizeOf(fieldsType(from).shape) });
  // It refuses formats of dates that are none.
  rowWriter(from);
  return from;
};
