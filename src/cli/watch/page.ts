import { pageStyle } from "../../train/observe/report/style.ts";

/** The page that follows a run. It has nothing of the run in it, and asks for all of that. */
export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>a run of fluxion</title>
<link rel="icon" href="icon.svg">
<link rel="stylesheet" href="page.css">
<script type="module" src="page.js"></script>
</head>
<body>
<header>
<h1><span id="name">a run</span> <span class="state" id="state" role="status">…</span></h1>
<p class="quiet" id="about"></p>
<div class="bar">
<button id="pause" type="button" disabled>Pause</button>
<button id="stop" type="button" disabled>Stop</button>
<span class="quiet" id="note" role="status"></span>
</div>
</header>
<section id="measured-section" hidden><h2>Metrics</h2><div class="wide"><table><thead><tr><th></th><th>last</th><th>best</th><th>test</th></tr></thead><tbody id="measured"></tbody></table></div></section>
<section><h2>Curves</h2><div class="plots" id="curves"></div></section>
<section id="predictions-section" hidden><h2>Predictions</h2><div class="plots" id="predictions"></div><p class="quiet" id="predictions-note"></p></section>
<section id="texts-section" hidden><h2>Texts</h2><div id="texts"></div></section>
<section id="params-section" hidden><h2>Params</h2><div class="plots" id="params"></div></section>
</body>
</html>
`;

export const style = `${pageStyle}
.plot img { width: 100%; }
`;

export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M1 2C4 12 8 13 15 13" fill="none" stroke="#2f7ebc" stroke-width="2.5"/></svg>`;

/** What the page does: it asks how the run is doing every second, and changes what has changed. Texts are only texts. */
export const script = `
const at = (id) => document.getElementById(id);
const set = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const made = (name, text) => { const node = document.createElement(name); if (text !== undefined) node.textContent = text; return node; };
const waits = { pause: "pausing …", resume: "going on …", stop: "stopping …" };
let wanted;

const plots = (into, list) => {
  const names = new Set(list.map(({ name }) => name));
  for (const node of [...into.children]) if (!names.has(node.dataset.name)) node.remove();
  for (const { name, url, title } of list) {
    let node = [...into.children].find((child) => child.dataset.name === name);
    if (node === undefined) {
      node = made("div");
      node.className = "plot";
      node.dataset.name = name;
      node.append(made("img"));
      into.append(node);
    }
    const image = node.firstElementChild;
    image.alt = title;
    if (image.dataset.url === url) continue;
    image.dataset.url = url;
    // The old one stays until the new one is there.
    const next = new Image();
    next.onload = () => { if (image.dataset.url === url) image.src = url; };
    next.onerror = () => { if (image.dataset.url === url) image.dataset.url = ""; };
    next.src = url;
  }
};

const section = (id, shown) => { at(id + "-section").hidden = !shown; };

const show = (run) => {
  set(at("name"), run.name);
  set(at("state"), run.state);
  set(at("about"), run.about);
  document.title = run.name + ": " + run.state;
  const active = run.state === "running" || run.state === "paused";
  set(at("pause"), run.state === "paused" ? "Resume" : "Pause");
  at("pause").dataset.tell = run.state === "paused" ? "resume" : "pause";
  if (wanted !== undefined && (!active || (wanted === "pause" && run.state === "paused") || (wanted === "resume" && run.state === "running"))) {
    wanted = undefined;
    set(at("note"), "");
  }
  for (const id of ["pause", "stop"]) at(id).disabled = !active || wanted !== undefined;
  section("measured", run.measured.length > 0);
  at("measured").replaceChildren(...run.measured.map((cells) => { const row = made("tr"); row.append(...cells.map((cell) => made("td", cell))); return row; }));
  plots(at("curves"), run.plots);
  plots(at("predictions"), run.predictions);
  set(at("predictions-note"), run.predictionsNote);
  section("predictions", run.predictions.length > 0 || run.predictionsNote !== "");
  plots(at("params"), run.params);
  section("params", run.params.length > 0);
  at("texts").replaceChildren(...run.texts.map((text) => made("pre", text)));
  section("texts", run.texts.length > 0);
};

const tell = async (what) => {
  wanted = what;
  at("note").classList.remove("bad");
  set(at("note"), waits[what]);
  for (const id of ["pause", "stop"]) at(id).disabled = true;
  try {
    const answer = await fetch("control", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ tell: what }) });
    if (!answer.ok) throw new Error((await answer.json()).message);
  } catch (error) {
    wanted = undefined;
    at("note").classList.add("bad");
    set(at("note"), error.message);
  }
};
at("pause").onclick = () => tell(at("pause").dataset.tell);
at("stop").onclick = () => tell("stop");

const follow = async () => {
  try {
    const answer = await fetch("state");
    if (!answer.ok) throw new Error((await answer.json()).message);
    show(await answer.json());
  } catch (error) {
    set(at("state"), "not watched");
    set(at("note"), error instanceof TypeError ? "fluxion watch has ended" : error.message);
    for (const id of ["pause", "stop"]) at(id).disabled = true;
  }
  setTimeout(follow, 1000);
};
follow();
`;
