// Service levels: objectives with their slices, sent in through the real doors, and what-if in the
// browser.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "../tests/e2e/node_modules/playwright-core/index.mjs";
import { quantile } from "./table.mjs";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
/** Slices of a minute are merged to five after so many days: older readings need not be finer. */
const FINE_DAYS = 4;
const flags = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

async function ask(server, method, path, body) {
  const headers = { authorization: `Bearer ${server.bearer}`, "content-type": "application/json" };
  const answer = await fetch(`${server.url}${path}`, { method, headers, body });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

export const name = number => `service-${number}/availability`;

/** A reading every five minutes of `days`, with an outage here and there. */
function readings(objective, number, now, days) {
  const lines = [];
  for (let at = now - days * DAY, step = 0; at < now; at += 5 * MINUTE, step++) {
    const bad = (step + number * 37) % 2_000 < 3 ? 120 + (number % 7) : step % 50 === number % 50 ? 1 : 0;
    lines.push(JSON.stringify({ objective, at: new Date(at).toISOString(), bad, total: 1_000 + (step % 97) }));
  }
  return lines.join("\n");
}

/** So many objectives over 30 days in slices of five minutes, sent in by REST. Answers how many readings a second were taken. */
export async function fillObjectives(server, objectives, now) {
  let sent = 0;
  const began = performance.now();
  for (let number = 0; number < objectives; number++) {
    const draft = { name: name(number), title: `Service ${number}`, service: `service-${number}`, target: "99.9 %", window: "30d", slice_s: 300 };
    await ask(server, "POST", "/api/v1/slos", JSON.stringify(draft));
    const report = await ask(server, "POST", "/api/v1/sli", readings(name(number), number, now, 30));
    if (report.rejected.length > 0) throw new Error(`readings were rejected: ${JSON.stringify(report.rejected[0])}`);
    sent += report.accepted;
  }
  return sent / ((performance.now() - began) / 1000);
}

/** How long each of `asks` questions for an address took, in milliseconds. */
export async function times(server, path, asks, between = async () => {}) {
  const took = [];
  for (let turn = 0; turn < asks; turn++) {
    await between(turn);
    const began = performance.now();
    await ask(server, "GET", path);
    took.push(performance.now() - began);
  }
  return took;
}
