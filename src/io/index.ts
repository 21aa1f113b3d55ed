/** Files that other tools read and write, too: safetensors. Files of datasets, which are fetched and verified. */

export {
  type DataFile,
  type DataFiles,
  dataFiles,
  type Packed,
} from "./datasets/declared.ts";
export {
  type DataError,
  dataAvailable,
  dataFolder,
  type Keeping,
  type Obtained,
  type Obtaining,
  obtainData,
} from "./datasets/obtain.ts";
export { type Bounds, readTar } from "./datasets/unpack.ts";
export type { Safetensors, SafetensorsFile } from "./safetensors/content.ts";
export { decodeSafetensors, readSafetensors, writeSafetensors } from "./safetensors/file.ts";
export {
  encodeSafetensors,
  type SafetensorsOptions,
  safetensorsPieces,
} from "./safetensors/write.ts";
