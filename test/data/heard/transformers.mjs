// Mel spectrograms of Transformers.js 4.3.2: `npm pack @huggingface/transformers@4.3.2`, unpack it in DIR, then in this
// folder `node transformers.mjs DIR > transformers.json`. Its filters, windows, padding and Fourier transform are meant:
// its tensors, which need ONNX, are put aside, and the product with the filters is written here.
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const aside = `data:text/javascript,${encodeURIComponent(`
export class Tensor { constructor(type, data, dims) { Object.assign(this, { data, dims }); } }
export const matmul = async (a, b) => {
  const [[n, k], [, m]] = [a.dims, b.dims];
  const data = Float64Array.from({ length: n * m }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < k; j++) sum += a.data[Math.floor(i / m) * k + j] * b.data[j * m + (i % m)];
    return sum;
  });
  return new Tensor("float64", data, [n, m]);
};
export const [getFile, saveBlob, logger, Callable] = [undefined, undefined, undefined, class {}];
`)}`;
const others = ["./hub.js", "./io.js", "./tensor.js", "./logger.js", "./generic.js"];
registerHooks({
  resolve: (name, context, next) =>
    others.includes(name)
      ? { url: aside, format: "module", shortCircuit: true }
      : next(name, context),
});
const { mel_filter_bank, spectrogram, window_function } = await import(
  pathToFileURL(`${process.argv[2]}/package/src/utils/audio.js`).href
);

const { samples, mel } = JSON.parse(
  readFileSync(new URL("../sound.json", import.meta.url), "utf8"),
);
const made = await Promise.all(
  mel.map(async ({ options }) => {
    const { sampleRate, window, hop, mels, scale, norm, power } = options;
    const filters = mel_filter_bank(
      ...[
        window / 2 + 1,
        mels,
        0,
        sampleRate / 2,
        sampleRate,
        norm === "none" ? null : norm,
        scale,
      ],
    );
    const { data, dims } = await spectrogram(
      ...[Float64Array.from(samples), window_function(window, "hann"), window, hop],
      { power, mel_filters: filters, mel_floor: 0 },
    );
    return { options, dims, values: Array.from(data, (x) => Number(x.toPrecision(8))) };
  }),
);
console.log(JSON.stringify(made));
