// What a phone has to fetch before the first screen works: the index and what it loads by itself.
// usage: node first-screen.mjs DIST LIMIT_KB   prints the sizes; fails above the limit
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

/** The files of the first screen with their brotli sizes in bytes, the index first. */
export function firstScreen(dist) {
  const index = readFileSync(join(dist, "index.html"), "utf8");
  const named = [...index.matchAll(/(?:href|src)="([^"]+)"|from\s*['"]([^'"]+)['"]|module_or_path:\s*['"]([^'"]+)['"]/g)]
    .map(([, attribute, module, wasm]) => attribute ?? module ?? wasm)
    .map(url => url.replace(/^\.?\//, "").replace(/[?#].*$/, ""))
    .filter(path => /\.(css|js|wasm)$/.test(path) && existsSync(join(dist, path)));
  const files = ["index.html", ...new Set(named)];
  if (!files.some(file => file.endsWith(".wasm"))) throw new Error("the index names no wasm; how it loads the app has changed");
  return files.map(file => ({ file, bytes: compressed(join(dist, file)) }));
}

function compressed(file) {
  return existsSync(`${file}.br`) ? statSync(`${file}.br`).size : brotliCompressSync(readFileSync(file)).length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [dist, limitKb] = process.argv.slice(2);
  const files = firstScreen(dist);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { file, bytes } of files) console.log(`    ${(bytes / 1000).toFixed(1).padStart(6)} kB  ${file}`);
  console.log(`    ${(total / 1000).toFixed(1).padStart(6)} kB  first screen, brotli (limit ${limitKb} kB)`);
  if (total > Number(limitKb) * 1000) {
    console.error(`the first screen is larger than ${limitKb} kB`);
    process.exit(1);
  }
}
