// A long past: 100,000 incidents with ten events each, brought in by the import.
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { quantile } from "./table.mjs";

export async function writeHistory(scratch, incidents, now) {
  const path = join(scratch, "history.jsonl");
  const file = createWriteStream(path);
  const at = micros => new Date(micros).toISOString();
  const span = 2 * 365 * 24 * 3600_000;
  for (let number = 0; number < incidents; number++) {
    const began = now - span + Math.floor((span * number) / incidents);
    const minutes = 5 + ((number * 7919) % 180);
    const line = JSON.stringify({
      origin: "bench",
      id: String(number),
      title: `Checkout answers slowly in zone ${number % 7}`,
      severity: `SEV${1 + (number % 4)}`,
      started_at: at(began),
      detected_at: at(began + 60_000),
      acknowledged_at: at(began + 120_000),
      mitigated_at: at(began + minutes * 40_000),
      resolved_at: at(began + minutes * 60_000),
      services: [`service-${number % 200}`],
      timeline: Array.from({ length: 6 }, (_, entry) => ({ at: at(began + (entry + 1) * 30_000), text: `Step ${entry + 1} of the runbook is done` })),
    });
    if (!file.write(`${line}\n`)) await new Promise(drained => file.once("drain", drained));
  }
  await new Promise(ended => file.end(ended));
  return path;
}

/** The p99 of one address, in milliseconds, over `asks` requests one after another. */
export async function p99(server, path, asks) {
  const took = [];
  for (let ask = 0; ask < asks; ask++) {
    const began = performance.now();
    const answer = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${server.bearer}` } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
    took.push(performance.now() - began);
  }
  return quantile(took, 0.99);
}
