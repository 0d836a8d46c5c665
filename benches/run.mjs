// What `./dev bench` prints: one table, every figure beside its reference from the same run.
// Absolute times drift on shared machines; the ratios are what counts.
// usage: node run.mjs TOCSIN SCRATCH DIST     environment: BENCH_SECS (8), BENCH_CONNECTIONS (32)
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { firstScreen } from "../.ci/first-screen.mjs";
import { firstLoad } from "./first_load.mjs";

const [tocsin, scratch, dist] = process.argv.slice(2);
const secs = Number(process.env.BENCH_SECS ?? 8);
const connections = Number(process.env.BENCH_CONNECTIONS ?? 32);
const many = 100_000;
const startsAt = new Date(Date.now() - 60_000).toISOString();
const endsAt = new Date(Date.now() + 24 * 3600_000).toISOString();

const children = [];
process.on("exit", () => children.forEach(child => child.kill("SIGTERM")));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));

// ---------------------------------------------------------------- the two servers

async function freePort() {
  const server = createServer();
  await new Promise(ready => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address();
  await new Promise(closed => server.close(closed));
  return port;
}

async function start(name, program, args, readyUrl) {
  let said = "";
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  for (const output of [child.stdout, child.stderr]) output.on("data", bytes => (said = (said + bytes).slice(-4000)));
  children.push(child);
  for (let tries = 0; tries < 600 && child.exitCode === null; tries++) {
    if ((await fetch(readyUrl).catch(() => undefined))?.ok) return child.pid;
    await new Promise(next => setTimeout(next, 50));
  }
  throw new Error(`${name} does not answer at ${readyUrl}; it said:\n${said}`);
}

async function startAlertmanager() {
  const port = await freePort();
  const config = join(scratch, "alertmanager.yml");
  // Nobody is told: only taking alerts in is compared.
  writeFileSync(config, "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n");
  const url = `http://127.0.0.1:${port}`;
  const args = [`--config.file=${config}`, `--storage.path=${join(scratch, "alertmanager")}`, `--web.listen-address=127.0.0.1:${port}`, "--cluster.listen-address=", "--log.level=error"];
  const pid = await start("alertmanager", "prometheus-alertmanager", args, `${url}/-/ready`);
  return { name: "alertmanager", pid, post: `${url}/api/v2/alerts` };
}

async function startTocsin() {
  const port = await freePort();
  mkdirSync(join(scratch, "tocsin"));
  const database = `sqlite://${join(scratch, "tocsin", "bench.sqlite")}`;
  const url = `http://127.0.0.1:${port}`;
  const pid = await start("tocsin", tocsin, ["serve", "--listen", `127.0.0.1:${port}`, "--database-url", database], `${url}/readyz`);
  const made = spawnSync(tocsin, ["token", "create", "--name", "bench", "--role", "admin", "--database-url", database], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`no token: ${made.stderr}`);
  const answer = await fetch(`${url}/api/v1/integrations`, {
    method: "POST",
    headers: { authorization: `Bearer ${made.stdout.trim()}`, "content-type": "application/json" },
    body: JSON.stringify({ source: "prometheus", name: "bench", settings: { rate_limit: 0 } }),
  });
  if (answer.status !== 201) throw new Error(`no integration: ${answer.status} ${await answer.text()}`);
  const { token } = await answer.json();
  return { name: "tocsin", pid, url, token: made.stdout.trim(), post: `${url}/hooks/prometheus/${token}/api/v2/alerts` };
}

// ---------------------------------------------------------------- measuring

function intake(server, perRequest, distinct) {
  const env = { ...process.env, PER_REQUEST: perRequest, DISTINCT: distinct, STARTS_AT: startsAt, ENDS_AT: endsAt };
  const args = ["-t1", `-c${connections}`, `-d${secs}s`, "--timeout", "10s", "-s", join(import.meta.dirname, "post_alerts.lua"), server.post];
  const { stdout, stderr } = spawnSync("wrk", args, { env, encoding: "utf8" });
  const line = /^RESULT (.*)$/m.exec(stdout ?? "");
  if (!line) throw new Error(`wrk said: ${stdout}${stderr}`);
  const result = JSON.parse(line[1]);
  if (result.refused + result.broken > 0) note(`${server.name}: of ${result.requests} requests ${result.refused} were refused and ${result.broken} broke`);
  return { perSecond: ((result.requests - result.refused) * perRequest) / result.seconds, p50: result.p50_ms, p99: result.p99_ms };
}

/** Fires `count` different alerts, a hundred in a request. */
async function fill(server, count) {
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

const residentMb = pid => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

// ---------------------------------------------------------------- the table

const rows = [];
const notes = [];
const note = text => notes.push(text);

function row(what, figure, reference, ratio, budget, holds) {
  rows.push([what, figure, reference, ratio, budget, holds ? "holds" : "MISSES"]);
}

const rate = value => `${Math.round(value).toLocaleString("en")}/s`;
const ms = value => `${value.toFixed(1)} ms`;
const mb = value => `${value.toFixed(0)} MB`;
const times = value => `${value.toFixed(2)} ×`;
const say = text => console.error(`    ${text}`);

function print() {
  const table = [["what", "figure", "reference", "ratio", "budget", "verdict"], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map(cells => cells[column].length)));
  const line = cells => cells.map((cell, column) => (column === 0 || column === 4 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join("   ").trimEnd();
  console.log(line(table[0]));
  console.log(widths.map(width => "-".repeat(width)).join("   "));
  for (const cells of table.slice(1)) console.log(line(cells));
  for (const text of notes) console.log(`* ${text}`);
}

/** Both servers get the same requests, one after the other; answers both results. */
function compare(what, perRequest, distinct, servers) {
  say(`${what}: ${secs} s each`);
  return servers.map(server => intake(server, perRequest, distinct));
}

const reference = await startAlertmanager();
const ours = await startTocsin();
const pair = [reference, ours];
const idle = pair.map(server => residentMb(server.pid));

const loadRows = await measureFirstLoad();

/** The first screen of a phone over a slow network, on a board of 20 incidents. */
async function measureFirstLoad() {
  say("the first screen on a slow phone: 3 new profiles each");
  const headers = { authorization: `Bearer ${ours.token}` };
  for (let number = 0; number < 20; number++) {
    const draft = { title: `Service ${number} answers slowly`, severity: `SEV${(number % 4) + 2}`, services: [`service-${number}`] };
    const answer = await fetch(`${ours.url}/api/v1/incidents`, { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(draft) });
    if (answer.status !== 201) throw new Error(`no incident: ${answer.status} ${await answer.text()}`);
  }
  const { cold, warm, reference } = await firstLoad(`${ours.url}/`, ".incident-row", headers);
  const beside = (value, other) => ({ text: ms(other), ratio: times(value / other) });
  const alone = { text: "", ratio: "" };
  note(`first screen: ${Math.round(cold.bytes / 1000)} kB cold, ${Math.round(warm.bytes / 1000)} kB warm, the static page ${Math.round(reference.bytes / 1000)} kB`);
  return [
    ["phone, content visible", ms(cold.content), beside(cold.content, reference.content), "≤ 1.3 ×", cold.content <= 1.3 * reference.content],
    ["phone, interactive", ms(cold.interactive), beside(cold.interactive, reference.content), "≤ 2.8 ×", cold.interactive <= 2.8 * reference.content],
    ["  warm, content visible", ms(warm.content), alone, "≤ 300 ms", warm.content <= 300],
    ["  warm, interactive", ms(warm.interactive), alone, "≤ 500 ms", warm.interactive <= 500],
    ["  blocked after the first paint", ms(cold.blocked), alone, "≤ 50 ms", cold.blocked <= 50],
    ["  layout shift", cold.moved.toFixed(3), alone, "0", cold.moved === 0],
  ];
}

function rowsOfRate(what, [theirs, our], atLeast) {
  row(`alerts, ${what}`, rate(our.perSecond), rate(theirs.perSecond), times(our.perSecond / theirs.perSecond), `≥ ${atLeast.toFixed(1)} ×`, our.perSecond >= atLeast * theirs.perSecond);
  note(`${what}: p50 ${ms(our.p50)} beside ${ms(theirs.p50)}`);
}

const same = compare("the same alert again and again", 1, 1, pair);
rowsOfRate("the same again and again", same, 1.0);
const spread = compare("10,000 different alerts, one a request", 1, 10_000, pair);
rowsOfRate("10,000 different, 1 a request", spread, 1.0);
row("  its p99", ms(spread[1].p99), ms(spread[0].p99), times(spread[1].p99 / spread[0].p99), "≤ 0.5 ×", spread[1].p99 <= 0.5 * spread[0].p99);
const batches = compare("10,000 different alerts, 50 a request", 50, 10_000, pair);
rowsOfRate("10,000 different, 50 a request", batches, 1.5);

say(`${many.toLocaleString("en")} active alerts, then one a request again`);
for (const server of pair) await fill(server, many);
const full = pair.map(server => residentMb(server.pid));
const loaded = compare("one a request beside them", 1, 10_000, pair);
const kept = loaded.map((result, index) => result.perSecond / spread[index].perSecond);
row(`rate kept beside ${many / 1000},000 active`, `${(kept[1] * 100).toFixed(0)} %`, `${(kept[0] * 100).toFixed(0)} %`, times(kept[1] / kept[0]), "≥ 90 %", kept[1] >= 0.9);
note(`memory before the first alert: ${mb(idle[1])} beside ${mb(idle[0])}`);
row(`memory, ${many / 1000},000 active`, mb(full[1]), mb(full[0]), times(full[1] / full[0]), "≤ 70 MB", full[1] <= 70);

const bytes = firstScreen(dist).reduce((sum, file) => sum + file.bytes, 0);
// The aim is 170 kB; the tests fail above 222 kB.
row("first screen, brotli", `${(bytes / 1000).toFixed(0)} kB`, "200 kB", times(bytes / 200_000), "≤ 200 kB", bytes <= 200_000);

// On a board of 20 incidents, before the many alerts: the first screen of a phone.
for (const [what, ours, theirs, budget, holds] of loadRows) row(what, ours, theirs.text, theirs.ratio, budget, holds);

const crates = readFileSync(join(import.meta.dirname, "../Cargo.lock"), "utf8").match(/^\[\[package\]\]$/gm).length;
note(`the binary is ${mb(statSync(tocsin).size / 1e6)}; Cargo.lock names ${crates} packages`);
note(`reference: Debian's Alertmanager, which keeps alerts in memory; Tocsin answers after its commit (SQLite, synchronous=FULL). ${connections} connections.`);
print();
process.exit(0);
