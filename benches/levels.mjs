// Service levels: objectives with their slices, sent in through the real doors, what is asked of
// them, and what-if in the browser.
import { readFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { chromium } from "../tests/e2e/node_modules/playwright-core/index.mjs";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const flags = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

async function ask(server, method, path, body) {
  const headers = { authorization: `Bearer ${server.bearer}`, "content-type": "application/json" };
  const answer = await fetch(`${server.url}${path}`, { method, headers, body });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

export const name = number => `service-${number}/availability`;
/** Every so many objectives one is measured by the minute, the others every five minutes. */
const FINE_EVERY = 5;

/** Readings of 30 days, one a slice, with an outage here and there. */
function readings(objective, number, slice, now) {
  const lines = [];
  for (let at = now - 30 * DAY, step = 0; at < now; at += slice, step++) {
    const minute = (step * slice) / MINUTE;
    const bad = (minute + number * 185) % 10_000 < 15 ? 60 + (number % 7) : step % 50 === number % 50 ? 1 : 0;
    lines.push(JSON.stringify({ objective, at: new Date(at).toISOString(), bad, total: 1_000 + (step % 97) }));
  }
  return lines.join("\n");
}

/** So many objectives with 30 days of slices, sent in by REST. Answers how many readings a second were taken. */
export async function fillObjectives(server, objectives, now) {
  let sent = 0;
  const began = performance.now();
  for (let number = 0; number < objectives; number++) {
    const slice = number % FINE_EVERY === 1 ? MINUTE : 5 * MINUTE;
    const draft = { name: name(number), title: `Service ${number}`, service: `service-${number}`, target: "99.9 %", window: "30d", slice_s: slice / 1000 };
    await ask(server, "POST", "/api/v1/slos", JSON.stringify(draft));
    const report = await ask(server, "POST", "/api/v1/sli", readings(name(number), number, slice, now));
    if (report.rejected.length > 0) throw new Error(`readings were rejected: ${JSON.stringify(report.rejected[0])}`);
    sent += report.accepted;
  }
  return sent / ((performance.now() - began) / 1000);
}

/** The outages of one objective as incidents, so that what-if has something to ask of. */
export async function fillIncidents(server, number, now) {
  const lines = [];
  for (let minute = 0; minute < 30 * 1_440; minute++) {
    if ((minute + number * 185) % 10_000 !== 0) continue;
    const at = after => new Date(now - 30 * DAY + (minute + after) * MINUTE).toISOString();
    const told = { started_at: at(0), detected_at: at(4), mitigated_at: at(14), resolved_at: at(15) };
    lines.push({ origin: "bench", id: `${number}-${minute}`, title: "The service answers slowly", severity: "SEV2", services: [`service-${number}`], ...told });
  }
  await ask(server, "POST", "/api/v1/import/incidents", JSON.stringify(lines));
}

/** One more reading for some objectives, as measuring goes on. */
export const measureOn = (server, numbers, at) =>
  ask(server, "POST", "/api/v1/sli", numbers.map(number => JSON.stringify({ objective: name(number), at: new Date(at).toISOString(), bad: 0, total: 1_000 })).join("\n"));

/**
 * How long each of `asks` questions for an address took, in milliseconds, over one kept connection.
 * What the asker spends on unpacking and reading is not the server's time, so it does neither.
 */
export async function took(server, path, asks, before = async () => {}) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const question = { agent, headers: { authorization: `Bearer ${server.bearer}` } };
  const once = () => new Promise((done, failed) => {
    get(`${server.url}${path}`, question, answer => {
      answer.on("end", () => (answer.statusCode === 200 ? done() : failed(new Error(`${path}: ${answer.statusCode}`)))).resume();
    }).on("error", failed);
  });
  const all = [];
  for (let turn = 0; turn < asks; turn++) {
    await before(turn);
    const began = performance.now();
    await once();
    all.push(performance.now() - began);
  }
  agent.destroy();
  return all;
}

/** Waits until the server has nothing to do: old slices are merged when it starts. */
export async function settled({ pid }) {
  const ticks = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13).reduce((sum, field) => sum + Number(field), 0);
  for (let quiet = 0; quiet < 3; ) {
    const before = ticks();
    await new Promise(next => setTimeout(next, 500));
    quiet = ticks() - before <= 3 ? quiet + 1 : 0;
  }
}

/** How many statements of what was measured an answer asks the database: the log of `serve` in this environment is counted. */
export async function statements(server, path, asks) {
  const count = () => server.said().match(/(FROM|UPDATE|INTO) (slices|slice_changes|objective_pulse|readings|objectives)\b|name = 'objectives'/g)?.length ?? 0;
  const before = count();
  await took(server, path, asks);
  await new Promise(next => setTimeout(next, 300));
  return (count() - before) / asks;
}

/** Milliseconds of script that each step of a slider's drag takes on an objective's page: the answer alone, and with what the page draws of it. */
export async function drag(server, number, steps, slower) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: [...flags, ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])] });
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, extraHTTPHeaders: { authorization: `Bearer ${server.bearer}` } });
    const page = await context.newPage();
    await page.goto(`${server.url}/objectives/${encodeURIComponent(name(number))}`);
    await page.locator("#what-if-detected").waitFor({ timeout: 60_000 });
    const cdp = await context.newCDPSession(page);
    await cdp.send("Emulation.setCPUThrottlingRate", { rate: slower });
    return await page.evaluate(async steps => {
      const answers = [];
      const whole = [];
      const slider = document.querySelector("#what-if-detected");
      for (let step = 0; step < steps; step++) {
        await new Promise(next => requestAnimationFrame(() => setTimeout(next)));
        slider.value = String(1 + (step % 14));
        performance.clearMeasures("what-if.answer");
        const began = performance.now();
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        for (let turn = 0; turn < 50; turn++) await null;
        void document.body.offsetHeight;
        whole.push(performance.now() - began);
        answers.push(performance.getEntriesByName("what-if.answer", "measure").at(-1)?.duration ?? NaN);
      }
      return { answers, whole };
    }, steps);
  } finally {
    await browser.close();
  }
}
