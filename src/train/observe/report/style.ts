/** The style of reports, and of the page that watches a run: light or dark as the reader has it, on screens of any width. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: #1c2733; --quiet: #5b6875; --paper: #ffffff; --card: #f5f7f9; --line: #dbe1e7; --accent: #1f6fab; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9ee; --quiet: #9aa7b3; --paper: #12171c; --card: #1a2128; --line: #2d3741; --accent: #6bb2e6; --bad: #ff8a80; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.25rem; max-width: 78rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 0.75rem; }
.quiet { color: var(--quiet); margin: 0.25rem 0 1rem; overflow-wrap: anywhere; }
.state { display: inline-block; padding: 0 0.6rem; border-radius: 1rem; border: 1px solid currentColor; font-size: 0.85rem; color: var(--accent); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; align-items: start; }
.plot { background: var(--card); border-radius: 8px; padding: 0.5rem; overflow-x: auto; min-width: 0; }
.plot svg, .plot img { display: block; max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.25rem 1.25rem 0.25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
td.number { text-align: right; }
th { color: var(--quiet); font-weight: 500; }
pre { background: var(--card); border-radius: 8px; padding: 0.75rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
details { margin-top: 0.75rem; } summary { cursor: pointer; color: var(--accent); }
button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.4rem 1.1rem; cursor: pointer; }
button:hover:enabled { border-color: var(--accent); } button:disabled { opacity: 0.45; cursor: default; }
button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.bar { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; }
.bad { color: var(--bad); }
`;
