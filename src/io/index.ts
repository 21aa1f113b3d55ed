/** Files that other tools read and write, too: safetensors. */

export type { Safetensors, SafetensorsFile } from "./safetensors/content.ts";
export { decodeSafetensors, readSafetensors, writeSafetensors } from "./safetensors/file.ts";
export {
  encodeSafetensors,
  type SafetensorsOptions,
  safetensorsPieces,
} from "./safetensors/write.ts";
