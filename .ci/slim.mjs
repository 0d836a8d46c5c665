// Makes smaller what came out of the compiler and of wasm-bindgen, without a change of what it does.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { namedByLikeness, written } from "./order.mjs";

// What every browser of the last years can do, and no more: with all features on, some refuse the module.
const FEATURES = ["bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"].map(name => `--enable-${name}`);
// Twice, because the first round leaves work for a second. The lowest kilobyte of memory is the far
// end of the stack, so no address lies in it.
const OPTIMISE = ["-Oz", "-Oz", "--low-memory-unused", "--one-caller-inline-max-function-size=50"];

/** A module or a part of it, small. */
export function optimised(wasm) {
  const small = throughFiles("wasm-opt", wasm, [...FEATURES, ...OPTIMISE]);
  return throughFiles("wasm-opt", namedByLikeness(small), [...FEATURES, "--reorder-functions-by-name"]);
}

/** The module and its glue without what nobody calls, which tell each other everything by short names. */
export function slim(wasm, glue, loader) {
  const called = withoutClasses(glue);
  const rest = withoutUncalled(wasm, `${called} ${loader}`);
  return withShortNames(optimised(rest), called);
}

/** Classes that the module offers to scripts. Ours is the only script, and knows none of them. */
function withoutClasses(glue) {
  const names = [...glue.matchAll(/^export class (\w+) /gm)].map(([, name]) => name);
  const rest = names.reduce(
    (text, name) => text
      .replace(new RegExp(`^export class ${name} \\{\\n[\\s\\S]*?^\\}\\n`, "m"), "")
      .replace(new RegExp(`^if \\(Symbol\\.dispose\\) ${name}\\..*\\n`, "m"), "")
      .replace(new RegExp(`^const ${name}Finalization = [\\s\\S]*?;\\n`, "m"), ""),
    glue);
  const left = names.filter(name => rest.includes(name));
  if (left.length > 0) throw new Error(`the glue makes things of its own: ${left.join(", ")}; how it is made has changed`);
  return rest;
}

/** What the module exports and no script names, and everything that only this needs. */
function withoutUncalled(wasm, scripts) {
  const named = new Set(scripts.match(/\w+/g));
  const kept = WebAssembly.Module.exports(new WebAssembly.Module(wasm)).map(({ name }) => name).filter(name => named.has(name));
  const graph = [{ name: "scripts", root: true, reaches: kept }, ...kept.map(name => ({ name, export: name }))];
  return throughFiles("wasm-metadce", wasm, FEATURES, ["--graph-file", JSON.stringify(graph)]);
}

/** The names of imports carry hashes, which do not compress and stand in both files. */
function withShortNames(wasm, glue) {
  const short = new Map();
  const module = renamedImports(wasm, (from, name) => {
    if (!from.endsWith("_bg.js")) return name;
    if (!short.has(name)) short.set(name, `i${short.size.toString(36)}`);
    return short.get(name);
  });
  let entries = 0;
  const script = glue.replace(/^( {8})(__wb\w+)(?=: )/gm, (whole, indent, name) => {
    entries += short.has(name);
    return short.has(name) ? indent + short.get(name) : whole;
  });
  if (entries !== short.size) throw new Error(`the module imports ${short.size} functions, and its glue has ${entries} of them; how it is made has changed`);
  return { wasm: module, glue: script.replace(/^[ ]*\/\*\*[\s\S]*?\*\/\n/gm, "").replace(/^ +/gm, "") };
}

/** A module whose imports are called what `rename` says. */
function renamedImports(wasm, rename) {
  const IMPORTS = 2;
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const text = () => {
    const length = number();
    return wasm.toString("utf8", at, (at += length));
  };
  const limits = () => {
    const flags = number();
    number();
    if (flags & 1) number();
  };
  // What follows the names, by its kind: a function's type, a table, a memory, a global.
  const skip = [number, () => (number(), limits()), limits, () => (number(), number())];
  while (at < wasm.length) {
    const begin = at;
    const section = wasm[at++];
    const length = number();
    if (section !== IMPORTS) {
      at += length;
      continue;
    }
    const count = number();
    const entries = [written(count)];
    for (let entry = 0; entry < count; entry++) {
      const [from, name] = [text(), text()];
      const kind = at;
      skip[wasm[at++]]();
      entries.push(...[from, rename(from, name)].flatMap(words => [written(Buffer.byteLength(words)), Buffer.from(words)]), wasm.subarray(kind, at));
    }
    const body = Buffer.concat(entries);
    return Buffer.concat([wasm.subarray(0, begin), Buffer.of(IMPORTS), written(body.length), body, wasm.subarray(at)]);
  }
  return wasm;
}

/** Binaryen's tools read and write files; what stands behind an option's name goes into one, too. */
function throughFiles(tool, wasm, options, [option, content] = []) {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-wasm-"));
  const [input, output, beside] = ["in.wasm", "out.wasm", "beside"].map(name => join(folder, name));
  try {
    writeFileSync(input, wasm);
    if (option) writeFileSync(beside, content);
    execFileSync(tool, [input, "-o", output, ...options, ...(option ? [option, beside] : [])], { stdio: ["ignore", "ignore", "inherit"] });
    return readFileSync(output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
