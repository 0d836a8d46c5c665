// Writes a .br and a .gz beside every file of the built app that is worth it, once, at the best quality.
// usage: node compress.mjs DIST
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [dist] = process.argv.slice(2);
// Pictures are compressed already; what fits into one packet gains nothing.
const worth = new Set([".html", ".css", ".js", ".wasm", ".svg", ".json", ".webmanifest", ".txt", ".ico"]);
const smallest = 1000;

const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile())
  .map(entry => join(entry.parentPath ?? entry.path, entry.name));

for (const file of files.filter(file => [".br", ".gz"].includes(extname(file)))) rmSync(file);

for (const file of files.filter(file => worth.has(extname(file)))) {
  const bytes = readFileSync(file);
  if (bytes.length < smallest) continue;
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}
