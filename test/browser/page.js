// The page: starts the worker, draws each loss as it comes, and sends all of them to the server. Its address may say
// how, `?runs=[{"threads":2}]`: one run for each; by default one, as fluxion computes by itself.
import served from "./served.ts?worker&url";

const canvas = document.querySelector("canvas");
const output = document.querySelector("output");
const pen = canvas.getContext("2d");
const steps = 100;
const losses = [];

const at = (step, loss) => [
  (step / steps) * canvas.width,
  canvas.height * (1 - Math.min(loss, 2.5) / 2.5),
];

const draw = () => {
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.strokeStyle = "#e4e6ee";
  pen.fillStyle = "#889";
  pen.font = "22px system-ui, sans-serif";
  for (const level of [0.5, 1, 1.5, 2]) {
    const [, y] = at(0, level);
    pen.beginPath();
    pen.moveTo(0, y);
    pen.lineTo(canvas.width, y);
    pen.stroke();
    pen.fillText(level.toFixed(1), 8, y - 6);
  }
  pen.strokeStyle = "#3557d6";
  pen.lineWidth = 4;
  pen.beginPath();
  losses.forEach((loss, i) => {
    pen.lineTo(...at(i + 1, loss));
  });
  pen.stroke();
  pen.lineWidth = 1;
};

// The server may ask for another run, under other headers: then it answers 205.
const tell = async (said) => {
  const { status } = await fetch("/losses", { method: "POST", body: JSON.stringify(said) });
  if (status === 205) location.reload();
};

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
worker.onerror = (event) => tell({ failure: event.message });
worker.onmessage = ({ data }) => {
  if (data.loss === undefined) {
    tell({ ...data, isolated: globalThis.crossOriginIsolated });
    return;
  }
  if (losses.length === steps) losses.length = 0;
  losses.push(data.loss);
  output.value = `step ${losses.length} of ${steps}, loss ${data.loss.toFixed(4)}`;
  draw();
};
const asked = new URLSearchParams(location.search);
const failed = (error) => tell({ failure: String(error) });
const model = asked.get("predict");
if (asked.has("follow")) {
  // `?follow`: the page follows a run by `trainInWorker`.
  import("./following.ts").then(
    async ({ followed }) => tell({ followed: await followed(new URL(served, import.meta.url)) }),
    failed,
  );
} else if (model === null) worker.postMessage(JSON.parse(asked.get("runs") ?? "[{}]"));
else {
  // `?predict=/model`: the page itself predicts first, then the worker.
  import("./predicting.ts").then(async ({ predictedHash }) => {
    const page = await predictedHash(model);
    worker.onmessage = ({ data }) => tell({ ...data, page });
    worker.postMessage({ predict: model });
  }, failed);
}
