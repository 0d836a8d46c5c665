// Behind the parts: writes into the service worker which build this is and of which files.
// usage: node worker.mjs STAGING
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

const [staging] = process.argv.slice(2);
const others = new Set(["index.html", "robots.txt", "sw.js"]);

const files = readdirSync(staging, { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile())
  .map(entry => relative(staging, join(entry.parentPath ?? entry.path, entry.name)))
  .filter(name => !others.has(name))
  .map(name => `/${name}`)
  .sort();
// The server names its build by the same hash (src/server/embed.rs).
const build = createHash("sha256").update(readFileSync(join(staging, "index.html"))).digest("hex").slice(0, 16);

const path = join(staging, "sw.js");
const worker = readFileSync(path, "utf8");
const written = worker.replace('const BUILD = "";', `const BUILD = "${build}";`).replace("const FILES = [];", `const FILES = ${JSON.stringify(files)};`);
if (!written.includes(`"${build}"`) || !written.includes(files[0])) throw new Error("the service worker has no place for its build and files");
writeFileSync(path, written);
