// Asks a running server everything its OpenAPI document allows, and much that it does not: no
// answer may be a 5xx, and each must be what the document says. Afterwards the record must hold.
// usage: node fuzz.mjs TOCSIN SCHEMATHESIS SCRATCH
import { spawn, spawnSync } from "node:child_process";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const [tocsin, schemathesis, scratch] = process.argv.slice(2);
const cases = process.env.TOCSIN_FUZZ_CASES ?? "15";
const seed = process.env.TOCSIN_FUZZ_SEED ?? "1";
const checks = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"];
// A stream does not end; JSON lines are not what the tool can write (stories send those arbitrary bytes).
const leftOut = ["/api/v1/stream", "/api/v1/import/alerts"];
// Several YAML documents in one answer are not what it can read.
const unread = ["exportDefinitions"];

const database = ["--database-url", `sqlite://${join(scratch, "fuzz.sqlite")}`];
const log = join(scratch, "fuzz.log");

const port = await new Promise(found => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => found(port));
  });
});
const url = `http://127.0.0.1:${port}`;
const token = spawnSync(tocsin, [...database, "token", "create", "--name", "fuzz", "--role", "admin"]).stdout.toString().trim();
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
const post = async (path, body) => {
  const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

const said = openSync(log, "w");
const server = spawn(tocsin, [...database, "serve", "--listen", `127.0.0.1:${port}`], { stdio: ["ignore", said, said] });
const ended = new Promise(done => server.once("exit", done));
let status = 1;
try {
  await ready();
  // Something to find, so that not everything is answered with 404.
  const incident = await post("/api/v1/incidents", { title: "Payments fail", severity: "SEV2", services: ["payments"] });
  await post("/api/v1/alerts", [{ dedupe_key: "k", title: "Latency", severity: "critical", labels: { service: "payments" } }]);
  const config = join(scratch, "schemathesis.toml");
  writeFileSync(config, `[parameters]\n"path.id" = "${incident.id}"\n`);
  const arguments_ = ["--config-file", config, "run", `${url}/api/openapi.json`, "--header", `Authorization: Bearer ${token}`,
    "--checks", checks.join(","), ...leftOut.flatMap(path => ["--exclude-path", path]), ...unread.flatMap(operation => ["--exclude-operation-id", operation]),
    "--phases", "examples,coverage,fuzzing", "--max-examples", cases, "--seed", seed, "--continue-on-failure", "--warnings", "off"];
  status = spawnSync(schemathesis, arguments_, { stdio: "inherit", cwd: scratch, timeout: 10 * 60_000 }).status ?? 1;
} finally {
  server.kill("SIGTERM");
  await ended;
}
const words = readFileSync(log, "utf8");
if (/panicked/.test(words)) {
  console.error(words.slice(-4_000));
  status = 1;
}
const verified = spawnSync(tocsin, [...database, "verify", "--rebuild"], { stdio: "inherit" }).status;
process.exit(status || verified || 0);

async function ready() {
  for (let tries = 0; tries < 600 && server.exitCode === null; tries += 1) {
    if ((await fetch(`${url}/readyz`).catch(() => undefined))?.ok) return;
    await new Promise(next => setTimeout(next, 50));
  }
  throw new Error(`the server did not start:\n${readFileSync(log, "utf8")}`);
}
