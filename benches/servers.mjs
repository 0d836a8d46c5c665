// The servers that are compared, started on free ports of loopback and stopped with the run.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const children = new Set();
process.on("exit", stopAll);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));

async function freePort() {
  const server = createServer();
  await new Promise(ready => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address();
  await new Promise(closed => server.close(closed));
  return port;
}

async function start(name, program, args, readyUrl, environment = {}) {
  let said = "";
  const most = environment.RUST_LOG ? Infinity : 4000;
  const began = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } });
  for (const output of [child.stdout, child.stderr]) output.on("data", bytes => (said = most === Infinity ? said + bytes : (said + bytes).slice(-most)));
  children.add(child);
  for (let tries = 0; tries < 6000 && child.exitCode === null; tries++) {
    if ((await fetch(readyUrl).catch(() => undefined))?.ok) return { child, pid: child.pid, readyMs: performance.now() - began, said: () => said };
    await new Promise(next => setTimeout(next, 10));
  }
  throw new Error(`${name} does not answer at ${readyUrl}; it said:\n${said}`);
}

export async function stop({ child }) {
  children.delete(child);
  const gone = new Promise(exited => child.once("exit", exited));
  child.kill("SIGTERM");
  await gone;
}

/** What a part that failed left running would weigh on the next one. */
export function stopAll() {
  children.forEach(child => child.kill("SIGTERM"));
  children.clear();
}

export async function startAlertmanager(scratch) {
  const port = await freePort();
  const config = join(scratch, "alertmanager.yml");
  // Nobody is told: only taking alerts in is compared.
  writeFileSync(config, "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n");
  const url = `http://127.0.0.1:${port}`;
  const args = [`--config.file=${config}`, `--storage.path=${join(scratch, "alertmanager")}`, `--web.listen-address=127.0.0.1:${port}`, "--cluster.listen-address=", "--log.level=error"];
  const running = await start("alertmanager", "prometheus-alertmanager", args, `${url}/-/ready`);
  return { name: "alertmanager", ...running, post: `${url}/api/v2/alerts` };
}

/** A database file of its own in the scratch folder. */
export function sqliteUrl(scratch, name) {
  mkdirSync(join(scratch, name), { recursive: true });
  return `sqlite://${join(scratch, name, "bench.sqlite")}`;
}

/** Runs a subcommand; answers what it printed. */
export function tool(tocsin, database, args) {
  const done = spawnSync(tocsin, [...args, "--database-url", database], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (done.status !== 0) throw new Error(`${args.join(" ")}: ${done.stderr}`);
  return done.stdout.trim();
}

/** With `RUST_LOG` in `environment`, `said()` answers everything that it logged. */
export async function serve(tocsin, database, environment) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const running = await start("tocsin", tocsin, ["serve", "--listen", `127.0.0.1:${port}`, "--database-url", database], `${url}/readyz`, environment);
  return { name: "tocsin", url, ...running };
}

/** A server with a token for REST and an integration without a rate limit. */
export async function startTocsin(tocsin, database) {
  const server = await serve(tocsin, database);
  const bearer = tool(tocsin, database, ["token", "create", "--name", "bench", "--role", "admin"]);
  const answer = await fetch(`${server.url}/api/v1/integrations`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    body: JSON.stringify({ source: "prometheus", name: "bench", settings: { rate_limit: 0 } }),
  });
  if (answer.status !== 201) throw new Error(`no integration: ${answer.status} ${await answer.text()}`);
  const { token } = await answer.json();
  return { ...server, database, bearer, post: `${server.url}/hooks/prometheus/${token}/api/v2/alerts` };
}

/** Somebody's session, as the cookie that their browser has. */
export async function signIn(tocsin, { url, database }) {
  const password = tool(tocsin, database, ["user", "create", "--name", "Mara", "--login", "mara", "--role", "admin"]);
  const answer = await fetch(`${url}/api/fn/session/sign-in`, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", origin: url, "x-tocsin": "1" },
    body: JSON.stringify({ login: "mara", password }),
  });
  if (!answer.ok) throw new Error(`nobody could sign in: ${answer.status} ${await answer.text()}`);
  const [name, value] = answer.headers.getSetCookie()[0].split(";")[0].split("=");
  return { name, value };
}

export const residentMb = ({ pid }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
