// Files as Polars writes them: npm install --no-save --prefix DIR nodejs-polars@0.26.1, then in this folder
// `node trees.mjs DIR`. Texts are views there, the longer ones in buffers of their own.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const polars = createRequire(`${process.argv[2]}/`)("nodejs-polars");
const rows = Array.from({ length: 24 }, (_, i) => i);
const trees = polars.DataFrame({
  x: rows.map((i) => (i % 7 === 3 ? null : i / 8)),
  kind: rows.map((i) => ["oak", "birch", "ash — Fraxinus"][i % 3]),
  on: rows.map((i) => new Date(Date.UTC(2000 + i, 0, 1))),
});
writeFileSync("trees.lz4.arrow", trees.writeIPC({ compression: "lz4" }));
writeFileSync("trees.zstd.arrow", trees.writeIPC({ compression: "zstd" }));
writeFileSync("trees.lz4.arrows", trees.writeIPCStream({ compression: "lz4" }));
writeFileSync("trees.snappy.parquet", trees.writeParquet({ compression: "snappy" }));
