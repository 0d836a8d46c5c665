// What `./dev bench` prints: one table, every figure beside its reference from the same run.
// Absolute times drift on shared machines; the ratios are what counts.
// usage: node run.mjs TOCSIN SCRATCH DIST
// environment: BENCH_SECS (6) of each row, BENCH_ROUNDS (3) it is cut into, BENCH_CONNECTIONS (32),
//              BENCH_INCIDENTS (100000) of the past, BENCH_OBJECTIVES (100), TOCSIN_TEST_POSTGRES_URL,
//              BENCH_ONLY=phone,list,chart,levels,intake,stream,history,postgres,telemetry,app
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { firstScreen } from "../.ci/first-screen.mjs";
import { buildChart, charts } from "./charts.mjs";
import { firstLoad } from "./first_load.mjs";
import { p99, writeHistory } from "./history.mjs";
import { compare, connections, endsAt, fill, startsAt } from "./intake.mjs";
import { drag, fillIncidents, fillObjectives, measureOn, name, settled, statements, took } from "./levels.mjs";
import { command, lists } from "./lists.mjs";
import { toListeners, toNothingButListeners } from "./listeners.mjs";
import { dropDatabase, freshDatabase, singleRowInserts } from "./postgres.mjs";
import { residentMb, serve, sqliteUrl, signIn, startAlertmanager, startTocsin, stop, stopAll, tool } from "./servers.mjs";
import { mb, median, ms, note, print, quantile, rate, row, say, times } from "./table.mjs";

const [tocsin, scratch, dist] = process.argv.slice(2);
const only = process.env.BENCH_ONLY?.split(",");

async function intake() {
  const reference = await startAlertmanager(scratch);
  const ours = await startTocsin(tocsin, sqliteUrl(scratch, "intake"));
  const pair = [reference, ours];
  const idle = pair.map(residentMb);

  const shape = async (what, perRequest, distinct, atLeast) => {
    say(what);
    const [theirs, our] = await compare(pair, perRequest, distinct);
    row(`alerts, ${what}`, rate(our.perSecond), rate(theirs.perSecond), times(our.perSecond / theirs.perSecond), `≥ ${atLeast.toFixed(1)} ×`, our.perSecond >= atLeast * theirs.perSecond);
    if (perRequest === 1) row("  its p99", ms(our.p99), ms(theirs.p99), times(our.p99 / theirs.p99), "≤ 0.5 ×", our.p99 <= 0.5 * theirs.p99);
    note(`${what}: p50 ${ms(our.p50)} beside ${ms(theirs.p50)}`);
    return [theirs, our];
  };
  await shape("the same again and again", 1, 1, 1.0);
  await shape("10,000 different, 1 a request", 1, 10_000, 1.0);
  await shape("10,000 different, 50 a request", 50, 10_000, 1.5);

  say("100,000 active alerts, and one a request beside them");
  // Just before, so that both halves of the comparison meet the same machine.
  const before = await compare(pair, 1, 10_000);
  for (const server of pair) await fill(server, 100_000);
  const full = pair.map(residentMb);
  const beside = await compare(pair, 1, 10_000);
  const [theirs, our] = beside.map((result, index) => result.perSecond / before[index].perSecond);
  row("rate kept beside 100,000 active", `${(our * 100).toFixed(0)} %`, `${(theirs * 100).toFixed(0)} %`, times(our / theirs), "≥ 90 %", our >= 0.9);
  row("memory, 100,000 active", mb(full[1]), mb(full[0]), times(full[1] / full[0]), "≤ 70 MB", full[1] <= 70);
  note(`memory before the first alert: ${mb(idle[1])} beside ${mb(idle[0])}; at the end ${mb(residentMb(ours))} beside ${mb(residentMb(reference))}`);
  for (const server of pair) await stop(server);
}

async function stream() {
  say("1,000 live streams");
  const server = await startTocsin(tocsin, sqliteUrl(scratch, "stream"));
  const alert = mark => ({
    labels: { alertname: "LatencyHigh", service: "shop", severity: "critical", instance: mark },
    annotations: { summary: "the shop answers slowly" },
    startsAt,
    endsAt,
  });
  const our = await toListeners(server, alert, 1_000, 60);
  const least = await toNothingButListeners(mark => JSON.stringify(alert(mark)), 1_000, 60);
  row("POST → 1,000 live streams, p99", ms(our.p99), ms(least.p99), times(our.p99 / least.p99), "≤ 2.0 ×", our.p99 <= 2 * least.p99);
  note(`POST → 1,000 live streams: p50 ${ms(our.p50)} beside ${ms(least.p50)} of a process that does nothing but write to them`);
  await stop(server);
}

async function history() {
  const incidents = Number(process.env.BENCH_INCIDENTS ?? 100_000);
  say(`${incidents.toLocaleString("en")} incidents of the past are imported`);
  const database = sqliteUrl(scratch, "history");
  const began = performance.now();
  tool(tocsin, database, ["import", "--format", "tocsin", await writeHistory(scratch, incidents, Date.now())]);
  note(`importing ${incidents.toLocaleString("en")} incidents took ${((performance.now() - began) / 1000).toFixed(0)} s`);
  await stop(await startTocsin(tocsin, database));
  const starts = [];
  for (let turn = 0; turn < 3; turn++) {
    const server = await serve(tocsin, database);
    starts.push(server.readyMs);
    await stop(server);
  }
  row(`start over ${(incidents * 10).toLocaleString("en")} events`, ms(median(starts)), "", "", "≤ 2000 ms", median(starts) <= 2000);
  const bearer = tool(tocsin, database, ["token", "create", "--name", "figures", "--role", "admin"]);
  const server = { ...(await serve(tocsin, database)), bearer };
  const asked = [
    ["the list of incidents", "/api/v1/incidents?limit=100"],
    ["incident metrics of 30 days", "/api/v1/metrics/incidents"],
    ["availability of 30 days", "/api/v1/availability"],
  ];
  for (const [what, path] of asked) {
    const took = await p99(server, path, 100);
    row(`${what}, p99`, ms(took), "", "", "≤ 50 ms", took <= 50);
  }
  await stop(server);
}

async function postgres() {
  const url = process.env.TOCSIN_TEST_POSTGRES_URL;
  if (!url) return note("PostgreSQL was not measured: TOCSIN_TEST_POSTGRES_URL names no server");
  say("PostgreSQL");
  const name = `bench_${process.pid}`;
  const database = freshDatabase(url, name);
  const server = await startTocsin(tocsin, database);
  const alone = [];
  const together = [];
  for (let turn = 0; turn < 3; turn++) {
    alone.push(singleRowInserts(database, scratch, connections, 3));
    together.push((await compare([server], 1, 10_000))[0].perSecond);
  }
  const [ours, rows] = [median(together), median(alone)];
  row("PostgreSQL: 10,000 different, 1 a request", rate(ours), `${rate(rows)} rows`, times(ours / rows), "≥ 0.8 ×", ours >= 0.8 * rows);
  await stop(server);
  dropDatabase(url, name);
}

async function declare(server, draft) {
  const headers = { authorization: `Bearer ${server.bearer}`, "content-type": "application/json" };
  const answer = await fetch(`${server.url}/api/v1/incidents`, { method: "POST", headers, body: JSON.stringify(draft) });
  if (answer.status !== 201) throw new Error(`no incident: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** The list of 10,000 incidents, a change of one row, and a command. */
async function list() {
  const count = 10_000;
  say(`the list of ${count.toLocaleString("en")} incidents`);
  const database = sqliteUrl(scratch, "list");
  tool(tocsin, database, ["import", "--format", "tocsin", await writeHistory(scratch, count, Date.now())]);
  const server = await startTocsin(tocsin, database);
  const open = [];
  for (let number = 0; number < 30; number++) open.push(await declare(server, { title: `Service ${number} answers slowly`, severity: `SEV${(number % 4) + 2}`, services: [`service-${number}`] }));
  const headers = { authorization: `Bearer ${server.bearer}`, "content-type": "application/json" };
  const changes = Array.from({ length: 60 }, (_, number) => async () => {
    const body = JSON.stringify({ command: "note", text: `Step ${number} of the runbook is done` });
    const answer = await fetch(`${server.url}/api/v1/incidents/${open[number % 10].id}/commands`, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`no note: ${answer.status} ${await answer.text()}`);
  });
  const { ours, hand, arranged, change } = await lists(server, count, changes);
  const beside = (mine, theirs) => [ms(mine), ms(theirs), times(mine / theirs), "≤ 1.3 ×", mine <= 1.3 * theirs];
  row("open 10,000 incidents", ...beside(ours.opened, hand.opened));
  row("  jump 200 rows", ...beside(ours.jumped, hand.jumped));
  row("  sort or filter, the slowest", ms(arranged), "", "", "≤ 5 ms", arranged <= 5);
  row("  one live change of one row, script", ms(change), "", "", "≤ 1 ms", change <= 1);
  row("  rows in the page", String(ours.rows), "", "", "≤ 60", ours.rows <= 60);
  const told = await command(server, open.slice(20, 27).map(({ ref }) => ref));
  row("acknowledge on a phone → seen", ms(told.visible), "", "", "next frame", told.visible <= 34);
  row("  → confirmed", ms(told.confirmed), ms(told.roundTrip), times(told.confirmed / told.roundTrip), "≤ 2.0 ×", told.confirmed <= 2 * told.roundTrip);
  await stop(server);
}

/** 100 objectives of 30 days: the board, any window, the first answer after a start, what-if. */
async function levels() {
  const count = Number(process.env.BENCH_OBJECTIVES ?? 100);
  const now = Math.floor(Date.now() / 300_000) * 300_000;
  say(`${count} objectives of 30 days`);
  const database = sqliteUrl(scratch, "levels");
  const filled = await startTocsin(tocsin, database);
  const perSecond = await fillObjectives(filled, count, now);
  await fillIncidents(filled, 0, now);
  await stop(filled);
  // What is old enough to be merged is merged when a server starts.
  const merging = await serve(tocsin, database);
  await settled(merging);
  await stop(merging);

  const board = "/api/v1/objectives/board";
  const firsts = [];
  for (let turn = 0; turn < 3; turn++) {
    const server = { ...(await serve(tocsin, database)), bearer: filled.bearer };
    firsts.push(server.readyMs + (await took(server, board, 1))[0]);
    await stop(server);
  }
  const server = { ...(await serve(tocsin, database)), bearer: filled.bearer };
  await settled(server);
  const still = quantile(await took(server, board, 100), 0.99);
  row(`the board of ${count} objectives × 30 days, p99`, ms(still), "", "", "≤ 20 ms", still <= 20);
  const every = Array.from({ length: count }, (_, number) => number);
  const moved = quantile(await took(server, board, 30, turn => measureOn(server, every, now + turn * 1_000)), 0.5);
  row("  after a reading of each, p50", ms(moved), "", "", "≤ 20 ms", moved <= 20);
  row("  start and first answer", ms(median(firsts)), "", "", "≤ 2000 ms", median(firsts) <= 2000);
  const window = `/api/v1/slos/${encodeURIComponent(name(0))}/budget`;
  const budget = quantile(await took(server, window, 100), 0.99);
  note(`service levels: ${rate(perSecond)} readings taken in; ${mb(residentMb(server))} of memory with ${count} objectives; one budget p99 ${ms(budget)}`);
  const { answers, whole } = await drag(server, 0, 200, 1);
  const slowly = await drag(server, 0, 200, 4);
  row("what-if of 50 objectives, a step of a drag", ms(50 * median(answers)), "", "", "≤ 16 ms", 50 * median(answers) <= 16);
  row("  processor 4× slower", ms(50 * median(slowly.answers)), "", "", "≤ 33 ms", 50 * median(slowly.answers) <= 33);
  row("  one objective, with what the page draws", ms(median(whole)), "", "", "≤ 16 ms", median(whole) <= 16);
  note("what-if is computed in the browser, on the page of one objective of 8,640 slices: its answer, by the page's own mark, times 50");
  await stop(server);

  const counted = { ...(await serve(tocsin, database, { RUST_LOG: "sqlx::query=debug" })), bearer: filled.bearer };
  await settled(counted);
  const reads = await statements(counted, window, 100);
  row("any window of an objective, statements", reads.toFixed(1), "", "", "2", reads <= 2.2);
  await stop(counted);
}

/** The first screen of a phone over a slow network, on a board of 20 incidents. */
async function phone() {
  say("the first screen on a slow phone: 3 new profiles each");
  const server = await startTocsin(tocsin, sqliteUrl(scratch, "phone"));
  const cookie = await signIn(tocsin, server);
  for (let number = 0; number < 20; number++) await declare(server, { title: `Service ${number} answers slowly`, severity: `SEV${(number % 4) + 2}`, services: [`service-${number}`] });
  const { cold, warm, reference } = await firstLoad(`${server.url}/`, ".incident-row", cookie);
  note(`first screen: ${Math.round(cold.bytes / 1000)} kB cold, ${Math.round(warm.bytes / 1000)} kB warm, the static page ${Math.round(reference.bytes / 1000)} kB`);
  const beside = value => [ms(reference.content), times(value / reference.content)];
  row("phone, content visible", ms(cold.content), ...beside(cold.content), "≤ 1.3 ×", cold.content <= 1.3 * reference.content);
  row("phone, interactive", ms(cold.interactive), ...beside(cold.interactive), "≤ 2.8 ×", cold.interactive <= 2.8 * reference.content);
  row("  warm, content visible", ms(warm.content), "", "", "≤ 300 ms", warm.content <= 300);
  row("  warm, interactive", ms(warm.interactive), "", "", "≤ 500 ms", warm.interactive <= 500);
  row("  blocked after the first paint", ms(cold.blocked), "", "", "≤ 50 ms", cold.blocked <= 50);
  row("  layout shift", cold.moved.toFixed(3), "", "", "0", cold.moved === 0);
  await stop(server);
}

/** A budget over time in the browser, from its readings to the picture. */
async function chart() {
  say("building the charts' page");
  const folder = buildChart(join(scratch, "chart"));
  const points = n => `${n.toLocaleString("en")} readings`;
  const line = ({ n, what, ours, bare, uplot }, [reference, name, most], under = "") => {
    const beside = reference === "uplot" ? uplot : bare;
    row(`chart, ${points(n)}, ${what}${under}`, ms(ours), `${ms(beside)} ${name}`, times(ours / beside), `≤ ${most.toFixed(1)} ×`, ours <= most * beside);
    note(`chart, ${points(n)}, ${what}${under}: bare canvas ${ms(bare)}, uPlot ${ms(uplot)}`);
  };
  say("charts of 1,440, 43,200 and 1,000,000 readings");
  for (const result of await charts(folder, [1_440, 43_200, 1_000_000], 15)) {
    const budget = result.n === 1_440 ? ["uplot", "uPlot", 1.0] : ["bare", "canvas", result.n === 1_000_000 && result.what === "zoom" ? 1.0 : 1.2];
    line(result, budget);
  }
  const [slow] = await charts(folder, [43_200], 15, 4);
  line(slow, ["bare", "canvas", 1.2], ", 4× slower");
}

/** Spans by OTLP, in the process itself: what it is compared with is a function of it. */
async function telemetry() {
  say("building what sends spans");
  const root = join(import.meta.dirname, "..");
  const done = spawnSync("cargo", ["bench", "--locked", "--bench", "telemetry"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (done.status !== 0) throw new Error("cargo bench --bench telemetry failed");
  const { alone, kept, held_mb, limit_mb, board_ms } = JSON.parse(done.stdout.trim().split("\n").at(-1));
  row("spans by OTLP, kept and rolled up", rate(kept), `${rate(alone)} decoded`, times(kept / alone), "≥ 0.5 ×", kept >= 0.5 * alone);
  row("  memory they hold", `${held_mb} MB`, "", "", `≤ ${limit_mb} MB`, held_mb <= limit_mb);
  row("debug board over a day of 50 services", ms(board_ms), "", "", "≤ 100 ms", board_ms <= 100);
}

async function app() {
  const bytes = firstScreen(dist).reduce((sum, file) => sum + file.bytes, 0);
  // The aim is 170 kB; the tests fail above 220 kB.
  row("first screen, brotli", `${(bytes / 1000).toFixed(0)} kB`, "200 kB", times(bytes / 200_000), "≤ 200 kB", bytes <= 200_000);
  const crates = readFileSync(join(import.meta.dirname, "../Cargo.lock"), "utf8").match(/^\[\[package\]\]$/gm).length;
  note(`the binary is ${mb(statSync(tocsin).size / 1e6)}; Cargo.lock names ${crates} packages`);
}

const load = loadavg()[0];
let broken = 0;
for (const part of [phone, list, chart, levels, intake, stream, history, postgres, telemetry, app]) {
  if (only && !only.includes(part.name)) continue;
  try {
    await part();
  } catch (error) {
    // What was measured before it took minutes: it is printed, and this beside it.
    broken += 1;
    stopAll();
    note(`${part.name} could not be measured: ${error.message}`);
  }
}
note(`reference: Debian's Alertmanager, which keeps alerts in memory; Tocsin answers after its commit (SQLite, synchronous=FULL). ${connections} connections.`);
note(`load of the machine: ${load.toFixed(1)} before, ${loadavg()[0].toFixed(1)} after; each comparison runs in turns, so that both sides meet the same machine`);
print();
process.exit(broken === 0 ? 0 : 1);
