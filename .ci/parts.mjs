// Trunk's last step: puts the parts that were split off the app beside it, made small like it, and
// gives everything that names something else a name that changes with it.
// usage: node parts.mjs STAGING PARTS
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [staging, parts] = process.argv.slice(2);
const app = "tocsin-web";
// The same as in index.html, for what came out of the same compiler.
const optimise = ["-Oz", ...readFileSync("index.html", "utf8").match(/data-wasm-opt-params="([^"]*)"/)[1].split(" ")];

const digest = (...contents) => contents.reduce((hash, content) => hash.update(content), createHash("sha256")).digest("hex").slice(0, 16);
const integrity = content => `sha384-${createHash("sha384").update(content).digest("base64")}`;
const find = (folder, shape) => {
  const found = readdirSync(folder).filter(name => shape.test(name));
  if (found.length !== 1) throw new Error(`expected one ${shape} in ${folder}, found: ${found.join(", ") || "none"}`);
  return found[0];
};

// The parts, each under a name of its content.
let loader = readFileSync(join(parts, "__wasm_split.js"), "utf8");
for (const part of readdirSync(parts).filter(name => name.endsWith(".wasm"))) {
  const small = join(staging, part);
  execFileSync("wasm-opt", [...optimise, join(parts, part), "-o", small], { stdio: "inherit" });
  const name = part.replace(/^(?:split_)?(.*)\.wasm$/, `part-$1-${digest(readFileSync(small))}.wasm`);
  renameSync(small, join(staging, name));
  loader = loader.replaceAll(`"./${part}"`, `"./${name}"`);
}

// The module, and the two scripts that name it, the parts and each other.
const [glueWas, wasmWas] = [find(staging, new RegExp(`^${app}-[0-9a-f]+\\.js$`)), find(staging, new RegExp(`^${app}-[0-9a-f]+_bg\\.wasm$`))];
const glue = readFileSync(join(staging, glueWas), "utf8");
const wasm = readFileSync(join(staging, wasmWas));
const all = digest(glue, loader, wasm);
const [glueName, loaderName, wasmName] = [`${app}-${all}.js`, `${app}-parts-${all}.js`, `${app}-${all}_bg.wasm`];
const glueNow = glue.replaceAll(`from "./__wasm_split.js"`, `from "./${loaderName}"`);
const loaderNow = loader.replaceAll(`"./${app}.js"`, `"./${glueName}"`);
if (glueNow === glue || loaderNow === loader) throw new Error("the glue and the parts' loader do not name each other; how they are made has changed");
rmSync(join(staging, glueWas));
writeFileSync(join(staging, glueName), glueNow);
writeFileSync(join(staging, loaderName), loaderNow);
renameSync(join(staging, wasmWas), join(staging, wasmName));

// The page that loads them: the loader is asked for beside the glue, not after it.
const page = join(staging, "index.html");
const preload = /<link rel="modulepreload"[^>]*>/;
const index = readFileSync(page, "utf8")
  .replaceAll(glueWas, glueName)
  .replaceAll(wasmWas, wasmName)
  .replace(preload, [[glueName, glueNow], [loaderName, loaderNow]]
    .map(([name, content]) => `<link rel="modulepreload" href="/${name}" crossorigin="anonymous" integrity="${integrity(content)}">`).join(""));
if (!index.includes(loaderName)) throw new Error("the index preloads no glue; how it loads the app has changed");
writeFileSync(page, index);
