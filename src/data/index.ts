/** Datasets, where they come from, and what is done to them first. */

export { decodeIdx, type IdxExpectation } from "./arrays/idx.ts";
export { type ArrayError, type NpzOptions, npyStream, readNpy, readNpz } from "./arrays/npy.ts";
export {
  type BatchAugmentation,
  type BatchColumns,
  batchAugmentations,
  cutmix,
  eachExample,
  type MixOptions,
  mixup,
} from "./augmentation/batch.ts";
export {
  type Augmentation,
  augmentations,
  cutout,
  randomCrop,
  randomFlip,
  randomPatch,
} from "./augmentation/example.ts";
export {
  frequencyMask,
  type MaskOptions,
  type SpecAugmentOptions,
  specAugment,
  timeMask,
  timeWarp,
} from "./augmentation/spectrogram.ts";
export { batches$ } from "./batches.ts";
export type { FileLike } from "./bytes.ts";
export {
  type Batch,
  type Batches,
  type BatchOptions,
  type Dataset,
  dataset,
  type Row,
  type RowOf,
} from "./dataset.ts";
export { idxFromBytes, readBytes, readIdx, readText } from "./files.ts";
export { type Fold, type FoldOptions, kFold, type TimeOptions, timeFolds } from "./folds.ts";
export { type PictureError, readPicture } from "./pictures/decode.ts";
export { encodePng } from "./pictures/encode.ts";
export { type PictureFolder, type PictureRow, pictureFolder } from "./pictures/folder.ts";
export { decodePng, type Png } from "./pictures/png.ts";
export type { Fit } from "./pictures/resize.ts";
export { type PoissonOptions, poissonSampled } from "./poisson.ts";
export {
  type ImputeOptions,
  imputer,
  type QuantileOptions,
  quantileScaler,
  robustScaler,
  type WhitenOptions,
  whitener,
} from "./preprocess/fits.ts";
export {
  castColumn,
  type FitOptions,
  minMaxScaler,
  oneHot as oneHotColumn,
  type Preprocessor,
  preprocessor,
  rescale,
  reshapeColumn,
  standardScaler,
} from "./preprocess/preprocess.ts";
export { type FittedStage, fittedStage, type Stage } from "./preprocess/stages.ts";
export {
  afterwards,
  type FeatureOf,
  fromPicture,
  fromRecord,
  fromRecords,
  fromSound,
  fromText,
  type PictureOptions,
  type SoundOptions,
  type TextInputOptions,
} from "./raw/constructors.ts";
export {
  type Decoding,
  type Generation,
  type GenerationOptions,
  generation,
  type SplitText,
  splitText,
} from "./raw/generation.ts";
export { prepare } from "./raw/prepare.ts";
export type {
  Feature,
  Fields,
  FromOne,
  FromPicture,
  FromRaw,
  FromRecords,
  FromSound,
  FromStages,
  FromText,
  Picture,
  Raw,
} from "./raw/raw.ts";
export {
  type Transcription,
  type TranscriptionOptions,
  transcription,
} from "./raw/transcription.ts";
export { balanced, type SampleOptions, weighted } from "./sampling.ts";
export { encodeWav } from "./sound/encodeWav.ts";
export { type GriffinLimOptions, griffinLim } from "./sound/griffinLim.ts";
export { type InverseMelOptions, inverseMel } from "./sound/inverseMel.ts";
export { type MelOptions, melFilters, melSpectrogram } from "./sound/mel.ts";
export { resample } from "./sound/resample.ts";
export { toSound } from "./sound/toSound.ts";
export { readWav, type Sound, type WavOptions } from "./sound/wav.ts";
export type {
  BatchReader,
  Epochs,
  ReadOptions,
  RowSpec,
  SourceError,
} from "./source/epochs.ts";
export type { Streamable } from "./source/pull.ts";
export { epochsOf } from "./source/read.ts";
export { type OpenShard, type Shard, shardedBatches, shardedRows } from "./source/shards.ts";
export {
  type Experience,
  experience,
  type Opening,
  type Ragged,
  type Sampled,
  type Sampler,
  type Source,
  type Streamed,
  type StreamOptions,
  sampled,
  streamBatches,
  streamRows,
} from "./source/source.ts";
export { learnSubwords, type Subwords, type SubwordsOptions } from "./subwords.ts";
export type { Cell, Chunk, Table } from "./table/cells.ts";
export {
  type TableSplits,
  type TableStreamOptions,
  tableDataset,
  tableSplits,
  tableStream,
} from "./table/datasets.ts";
export { type DatePart, dateReader, type PartOfDate, type ReadDate } from "./table/dates.ts";
export { type FittedSchema, fitTable, type TableError } from "./table/fitTable.ts";
export type { FittedField, FromFields } from "./table/fitted.ts";
export { fromFields } from "./table/fromFields.ts";
export { type LabelColumn, parseCsv, type RowOfTable, type TableSchema } from "./table/parseCsv.ts";
export { arrowTable } from "./table/readers/arrow.ts";
export { type CsvOptions, csvTable } from "./table/readers/csvTable.ts";
export { jsonLinesTable } from "./table/readers/jsonLines.ts";
export { parquetTable } from "./table/readers/parquet.ts";
export type {
  BooleanField,
  CategoryField,
  Constant,
  DateField,
  Field,
  FieldOf,
  FieldScale,
  NumberField,
  RecordSchema,
  RowOfSchema,
  TextField,
} from "./table/schema.ts";
export type { Part, Shares } from "./table/split.ts";
export { type InvalidData, type Requirements, validate } from "./validate.ts";
export {
  type PadOptions,
  padSequences,
  tokenizeWords,
  type Vocabulary,
  type VocabularyOptions,
  vocabulary,
  vocabularyOf,
} from "./vocabulary.ts";
export { classWeights, withClassWeights } from "./weights.ts";
