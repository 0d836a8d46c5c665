// Our own charts in the browser beside a bare canvas and uPlot: the same readings, the same page, in
// turns. Measured from two arrays of numbers to a picture whose pixels (canvas) or layout (SVG) stand.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { chromium } from "../tests/e2e/node_modules/playwright-core/index.mjs";
import { median } from "./table.mjs";

const root = join(import.meta.dirname, "..");
const WIDE = 1200;
const HIGH = 400;

/** Builds the page's module with the product's own profile; answers its folder. */
export function buildChart(folder) {
  const run = (program, ...args) => {
    const done = spawnSync(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
    if (done.status !== 0) throw new Error(`${program} ${args[0]} failed`);
  };
  run("cargo", "build", "--locked", "--example", "chart", "--target", "wasm32-unknown-unknown", "--no-default-features", "--features", "csr", "--profile", "wasm-release");
  const target = process.env.CARGO_TARGET_DIR || join(root, "target");
  run("wasm-bindgen", "--target", "web", "--no-typescript", "--out-dir", folder, join(target, "wasm32-unknown-unknown/wasm-release/examples/chart.wasm"));
  return folder;
}

/** Runs in the page: the three contenders, and one measurement of one of them. */
function prepare([wide, high]) {
  const host = document.getElementById("host");
  const own = high => {
    const place = document.createElement("div");
    place.style.height = `${high}px`;
    host.append(place);
    return place;
  };
  const data = (n, seed) => {
    const secs = new Float64Array(n);
    const shares = new Float64Array(n);
    let state = seed >>> 0;
    const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296;
    for (let at = 0; at < n; at++) {
      secs[at] = 1_760_000_000 + at * 60;
      shares[at] = 0.5 + 0.3 * Math.sin(at / 229) + 0.1 * next() - (next() < 0.002 ? 0.8 * next() : 0);
    }
    return { secs, shares };
  };

  // The limit: one pass over all readings, the lowest and the highest of each column, one path.
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [wide, high];
  own(high).append(canvas);
  const g = canvas.getContext("2d");
  const first = (secs, from) => {
    let [low, end] = [0, secs.length];
    while (low < end) {
      const middle = (low + end) >> 1;
      if (secs[middle] < from) low = middle + 1;
      else end = middle;
    }
    return low;
  };
  const bare = {
    redraw: given => ((bare.data = given), bare.zoom(given.secs[0], given.secs.at(-1))),
    zoom(from, until) {
      const { secs, shares } = bare.data;
      const [left, foot] = [60, 20];
      const columns = wide - left;
      const lowest = new Float64Array(columns).fill(Infinity);
      const highest = new Float64Array(columns).fill(-Infinity);
      const scale = columns / (until - from);
      for (let at = first(secs, from), end = first(secs, until + 1e-9); at < end; at++) {
        const column = Math.min(columns - 1, ((secs[at] - from) * scale) | 0);
        const share = shares[at];
        if (share < lowest[column]) lowest[column] = share;
        if (share > highest[column]) highest[column] = share;
      }
      g.clearRect(0, 0, wide, high);
      g.font = "12px sans-serif";
      g.fillStyle = "#444";
      g.strokeStyle = "#ddd";
      g.beginPath();
      for (let step = 0; step <= 5; step++) {
        const y = ((high - foot) * step) / 5;
        g.moveTo(left, y);
        g.lineTo(wide, y);
        g.fillText(`${100 - step * 20} %`, 2, y + 12);
      }
      for (let step = 0; step < 6; step++) {
        const x = left + (columns * step) / 6;
        g.fillText(new Date((from + ((until - from) * step) / 6) * 1000).toISOString().slice(5, 16), x, high - 5);
      }
      g.stroke();
      g.strokeStyle = "#1a5fd8";
      g.beginPath();
      const y = share => (1 - share) * (high - foot) * 0.8;
      for (let column = 0; column < columns; column++) {
        if (highest[column] >= lowest[column]) {
          g.lineTo(left + column, y(lowest[column]));
          g.lineTo(left + column, y(highest[column]));
        }
      }
      g.stroke();
    },
  };
  const plot = new uPlot({ width: wide, height: high, legend: { show: false }, series: [{}, { stroke: "#1a5fd8" }] }, [[0, 1], [0, 1]], own(high + 20));
  const uplot = {
    redraw: async ({ secs, shares }) => (plot.setData([secs, shares]), await null, await null),
    zoom: async (from, until) => (plot.setScale("x", { min: from, max: until }), await null, await null),
  };
  const chart = new window.Chart(own(high), wide);
  const ours = { redraw: ({ secs, shares }) => chart.redraw(secs, shares), zoom: (from, until) => chart.zoom(from, until) };

  const all = { bare, uplot, ours };
  const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
  const flushed = () => {
    for (const each of document.querySelectorAll("canvas")) each.getContext("2d").getImageData(0, 0, 1, 1);
    host.getBoundingClientRect();
    document.querySelectorAll("#host path").forEach(path => path.getBBox());
  };
  const timed = async call => {
    await frame();
    flushed();
    const began = performance.now();
    await call();
    flushed();
    return performance.now() - began;
  };
  let turn = 0;
  window.measure = async (name, what, n) => {
    if (what === "redraw") {
      const given = data(n, ++turn);
      return timed(() => all[name].redraw(given));
    }
    const span = (n - 1) * 60;
    const from = 1_760_000_000 + span * (0.1 + 0.04 * (++turn % 10));
    return timed(() => all[name].zoom(from, from + span / 2));
  };
}

/** Medians in milliseconds: `[{ n, what, bare, uplot, ours }]`, `rate` times slower than the machine. */
export async function charts(folder, points, rounds, rate = 1) {
  const style = ["layers", "tokens", "base", "later/chart"].map(name => readFileSync(join(root, `style/${name}.css`), "utf8")).join("");
  const uplot = join(root, "tests/e2e/node_modules/uplot/dist");
  const page = `<!doctype html><meta charset="utf-8"><style>${style} ${readFileSync(join(uplot, "uPlot.min.css"), "utf8")}</style>
    <div id="host" style="width:${WIDE}px"></div><script src="/uplot.js"></script>
    <script type="module">import init, { Chart } from "/chart.js"; await init(); window.Chart = Chart; window.ready = true;</script>`;
  const files = { "/": ["text/html; charset=utf-8", page], "/uplot.js": ["text/javascript", readFileSync(join(uplot, "uPlot.iife.min.js"))], "/chart.js": ["text/javascript", readFileSync(join(folder, "chart.js"))], "/chart_bg.wasm": ["application/wasm", readFileSync(join(folder, "chart_bg.wasm"))] };
  const server = createServer((request, answer) => {
    const [type, body] = files[request.url] ?? ["text/plain", ""];
    answer.writeHead(files[request.url] ? 200 : 404, { "content-type": type }).end(body);
  });
  await new Promise(ready => server.listen(0, "127.0.0.1", ready));
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--disable-gpu", "--no-first-run", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])] });
  try {
    const view = await browser.newPage({ viewport: { width: WIDE + 40, height: 1400 } });
    const faults = [];
    view.on("pageerror", fault => faults.push(String(fault)));
    await view.goto(`http://127.0.0.1:${server.address().port}/`);
    await view.waitForFunction(() => window.ready, undefined, { timeout: 30_000 }).catch(() => Promise.reject(new Error(`the page of charts did not start: ${faults.join("; ")}`)));
    await view.evaluate(prepare, [WIDE, HIGH]);
    if (rate > 1) await (await view.context().newCDPSession(view)).send("Emulation.setCPUThrottlingRate", { rate });
    const results = [];
    for (const n of points) {
      for (const what of ["redraw", "zoom"]) {
        const taken = { bare: [], uplot: [], ours: [] };
        for (let round = 0; round < rounds + 3; round++) {
          // In turns, so that all of them meet the same machine; the first rounds warm up.
          for (const name of Object.keys(taken)) {
            const took = await view.evaluate(([name, what, n]) => window.measure(name, what, n), [name, what, n]);
            if (round >= 3) taken[name].push(took);
          }
        }
        results.push({ n, what, ...Object.fromEntries(Object.entries(taken).map(([name, all]) => [name, median(all)])) });
      }
    }
    return results;
  } finally {
    await browser.close();
    server.close();
  }
}
