// Trunk's last step: puts the parts that were split off the app beside it, made small like it, and
// gives everything that names something else a name that changes with it.
// usage: node parts.mjs STAGING PARTS
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { optimised, slim } from "./slim.mjs";

const [staging, parts] = process.argv.slice(2);
const app = "tocsin-web";
const PARTS = "<!--parts-->";

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
  const small = optimised(readFileSync(join(parts, part)));
  const name = part.replace(/^(?:split_)?(.*)\.wasm$/, `part-$1-${digest(small)}.wasm`);
  writeFileSync(join(staging, name), small);
  loader = loader.replaceAll(`"./${part}"`, `"./${name}"`);
}

// What only the app draws has a stylesheet of its own, which comes with every part but two: the door
// needs none of it, and the exchange draws nothing that the first screen has no style for. Any other
// part is there when its style is, too, so nothing is ever seen without.
const style = readFileSync("target/style/later.css");
const styleName = `later-${digest(style)}.css`;
writeFileSync(join(staging, styleName), style);
const styled = loader.replace(
  /(__wasm_split_load_(\w+) = wrapAsyncCb\(makeLoad\([\s\S]*?\n, \[)/g,
  (whole, upToItsNeeds, part) => (["door", "exchange"].includes(part) ? whole : `${upToItsNeeds}__style, `));
if (styled === loader) throw new Error("the parts' loader lists no parts; how it is made has changed");
loader = styled.replace(/^export const __wasm_split_load_/m, `let styling = undefined;
const __style = () => styling ??= new Promise((done, failed) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL("./${styleName}", import.meta.url).href;
    link.onload = done;
    link.onerror = () => {
        // Asked for again with whatever part is asked for next.
        styling = undefined;
        link.remove();
        failed(new TypeError("Failed to fetch " + link.href));
    };
    document.head.append(link);
});
$&`);

// Which files a part is made of, for the server, which names them in a page that will need them.
const chunks = new Map([...loader.matchAll(/const (__chunk_\w+) = makeLoad[\s\S]*?"\.\/([^"]+)"/g)].map(([, chunk, file]) => [chunk, file]));
chunks.set("__style", styleName);
const made = Object.fromEntries([...loader.matchAll(/__wasm_split_load_(\w+) = wrapAsyncCb[\s\S]*?"\.\/([^"]+)"[\s\S]*?\n, \[([^\]]*)\]/g)]
  .map(([, part, file, needs]) => [part, [file, ...needs.split(", ").filter(Boolean).map(need => chunks.get(need))]]));

// The exchange is needed right after the first screen: its files are asked for as soon as nothing of
// that screen is on its way any more, and started when the app calls for them.
if (!made.exchange) throw new Error("there is no part called exchange");
loader += `
addEventListener("TrunkApplicationStarted", () => {
    // Nobody is signed in: then it is not needed yet.
    if (!document.querySelector(".shell")) return;
    for (const file of ${JSON.stringify(made.exchange)}) {
        if (document.querySelector(\`link[href$="\${file}"]\`)) continue;
        const link = document.createElement("link");
        Object.assign(link, { rel: "preload", as: "fetch", crossOrigin: "anonymous", href: new URL("./" + file, import.meta.url).href });
        document.head.append(link);
    }
});
`;

// The module, and the two scripts that name it, the parts and each other.
const [glueWas, wasmWas] = [find(staging, new RegExp(`^${app}-[0-9a-f]+\\.js$`)), find(staging, new RegExp(`^${app}-[0-9a-f]+_bg\\.wasm$`))];
const { wasm, glue } = slim(readFileSync(join(staging, wasmWas)), readFileSync(join(staging, glueWas), "utf8"), loader);
const all = digest(glue, loader, wasm);
const [glueName, loaderName, wasmName] = [`${app}-${all}.js`, `${app}-parts-${all}.js`, `${app}-${all}_bg.wasm`];
const glueNow = glue.replaceAll(`from "./__wasm_split.js"`, `from "./${loaderName}"`);
const loaderNow = loader.replaceAll(`"./${app}.js"`, `"./${glueName}"`);
if (glueNow === glue || loaderNow === loader) throw new Error("the glue and the parts' loader do not name each other; how they are made has changed");
for (const was of [glueWas, wasmWas]) rmSync(join(staging, was));
for (const [name, content] of [[glueName, glueNow], [loaderName, loaderNow], [wasmName, wasm]]) writeFileSync(join(staging, name), content);

// The page that loads them: the loader is asked for beside the glue, not after it.
const page = join(staging, "index.html");
const preloads = [
  ...[[glueName, glueNow], [loaderName, loaderNow]].map(([name, content]) => `<link rel="modulepreload" href="/${name}" crossorigin integrity="${integrity(content)}">`),
  `<link rel="preload" href="/${wasmName}" crossorigin as="fetch" type="application/wasm">`,
];
const index = readFileSync(page, "utf8")
  .replace(/<link rel="modulepreload"[^>]*>\s*<link rel="preload"[^>]*_bg\.wasm[^>]*>/, preloads.join(""))
  .replaceAll(glueWas, glueName)
  .replaceAll(wasmWas, wasmName);
if (!index.includes(loaderName)) throw new Error("the index preloads no glue; how it loads the app has changed");
if (!index.includes(PARTS)) throw new Error(`the index has no place for ${PARTS}`);
writeFileSync(page, index.replace(PARTS, `<!--parts ${JSON.stringify(made)}-->`));
