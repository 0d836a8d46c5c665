// PostgreSQL beside itself: how many single rows of the same size it takes from as many connections.
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

function program(name) {
  const [newest] = readdirSync("/usr/lib/postgresql").sort((a, b) => Number(b) - Number(a));
  return join("/usr/lib/postgresql", newest, "bin", name);
}

function sql(url, text) {
  const done = spawnSync(program("psql"), ["-v", "ON_ERROR_STOP=1", "-qAt", "-d", url, "-c", text], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`psql: ${done.stderr}`);
  return done.stdout.trim();
}

/** A database of its own on the server at `url`; answers its address. */
export function freshDatabase(url, name) {
  sql(url, `CREATE DATABASE ${name}`);
  return url.replace(/\/[^/]*$/, `/${name}`);
}

export const dropDatabase = (url, name) => sql(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);

/** Rows per second, each inserted and committed by itself. */
export function singleRowInserts(url, scratch, connections, secs) {
  sql(url, "CREATE TABLE IF NOT EXISTS rows_alone (id BIGSERIAL PRIMARY KEY, doc TEXT NOT NULL)");
  const script = join(scratch, "insert.sql");
  writeFileSync(script, `INSERT INTO rows_alone (doc) VALUES ('${"x".repeat(400)}');\n`);
  const done = spawnSync(program("pgbench"), ["-n", "-M", "prepared", "-f", script, "-c", String(connections), "-j", "1", "-T", String(secs), url], { encoding: "utf8" });
  const line = /tps = ([\d.]+) \(without/.exec(done.stdout ?? "") ?? /tps = ([\d.]+)/.exec(done.stdout ?? "");
  if (!line) throw new Error(`pgbench said: ${done.stdout}${done.stderr}`);
  return Number(line[1]);
}
