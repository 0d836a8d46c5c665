// Alerts in: what wrk measures, and filling a server with alerts that stay active.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { note } from "./table.mjs";

export const startsAt = new Date(Date.now() - 60_000).toISOString();
export const endsAt = new Date(Date.now() + 24 * 3600_000).toISOString();

const secs = Number(process.env.BENCH_SECS ?? 6);
export const connections = Number(process.env.BENCH_CONNECTIONS ?? 32);
export const rounds = Number(process.env.BENCH_ROUNDS ?? 3);

async function once(server, perRequest, distinct) {
  const env = { ...process.env, PER_REQUEST: perRequest, DISTINCT: distinct, STARTS_AT: startsAt, ENDS_AT: endsAt };
  const args = ["-t1", `-c${connections}`, `-d${secs / rounds}s`, "--timeout", "10s", "-s", join(import.meta.dirname, "post_alerts.lua"), server.post];
  let said = "";
  const wrk = spawn("wrk", args, { env, stdio: ["ignore", "pipe", "pipe"] });
  for (const output of [wrk.stdout, wrk.stderr]) output.on("data", bytes => (said += bytes));
  await new Promise(done => wrk.once("close", done));
  const line = /^RESULT (.*)$/m.exec(said);
  if (!line) throw new Error(`wrk said: ${said}`);
  return JSON.parse(line[1]);
}

/**
 * The same requests to every server in turn, a few short rounds each, so that what else the
 * machine does meets all of them alike. Answers for each server the rate over all rounds and the
 * median of the rounds' latencies.
 */
export async function compare(servers, perRequest, distinct) {
  const results = servers.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, server] of servers.entries()) results[index].push(await once(server, perRequest, distinct));
  }
  return results.map((runs, index) => {
    const sum = of => runs.reduce((sum, run) => sum + of(run), 0);
    const [requests, refused, broken] = [sum(run => run.requests), sum(run => run.refused), sum(run => run.broken)];
    if (refused + broken > 0) note(`${servers[index].name}: of ${requests} requests ${refused} were refused and ${broken} broke`);
    const middle = of => runs.map(of).sort((a, b) => a - b)[Math.floor(runs.length / 2)];
    return { perSecond: ((requests - refused) * perRequest) / sum(run => run.seconds), p50: middle(run => run.p50_ms), p99: middle(run => run.p99_ms) };
  });
}

/** Fires `count` different alerts, a hundred in a request. */
export async function fill(server, count) {
  const size = 100;
  let next = 0;
  const post = async () => {
    while (next < count) {
      const first = next;
      next += size;
      const alerts = Array.from({ length: size }, (_, index) => ({
        labels: { alertname: "DiskFull", service: `service-${(first + index) % 200}`, severity: "warning", instance: `disk-${first + index}` },
        annotations: { summary: `disk-${first + index} is nearly full` },
        startsAt,
        endsAt,
        generatorURL: "http://prometheus.example:9090/graph",
      }));
      const answer = await fetch(server.post, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(alerts) });
      if (!answer.ok) throw new Error(`${server.name} answered ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: 8 }, post));
}
