// The first screen on a phone: 390×844, processor 4× slower, 1.6 Mbit/s, 150 ms a request. Measured
// in pairs with one static page that shows the same rows and loads nothing.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { chromium } from "../tests/e2e/node_modules/playwright-core/index.mjs";

const NET = { offline: false, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8, latency: 150 };
const flags = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-renderer-backgrounding"];
const median = values => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

/** Runs in the page before its own scripts. */
function probe(selector) {
  const seen = (window.__load = { content: 0, interactive: 0, long: [], moved: 0 });
  const watch = (type, call) => new PerformanceObserver(list => list.getEntries().forEach(call)).observe({ type, buffered: true });
  watch("longtask", entry => seen.long.push([entry.startTime, entry.duration]));
  watch("layout-shift", entry => (seen.moved += entry.hadRecentInput ? 0 : entry.value));
  watch("mark", entry => (seen.interactive ||= entry.name === "interactive" ? entry.startTime : 0));
  const look = () => {
    const box = document.querySelector(selector)?.getBoundingClientRect();
    if (box?.width && box.height) seen.content = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Until the service worker is there and has kept the page, where there is one. */
async function settled() {
  const wait = millis => new Promise(done => setTimeout(done, millis));
  for (let tries = 0; tries < 20 && !(await navigator.serviceWorker?.getRegistration()); tries++) await wait(250);
  if (!(await navigator.serviceWorker?.getRegistration())) return;
  await navigator.serviceWorker.ready;
  for (let tries = 0; tries < 80 && !(await caches.match("/", { cacheName: "tocsin-kept" })); tries++) await wait(250);
}

async function visit(context, url, selector, hasApp) {
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.emulateNetworkConditions", NET);
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  // A phone that slept has no worker running.
  await cdp.send("ServiceWorker.enable");
  await cdp.send("ServiceWorker.stopAllWorkers");
  let bytes = 0;
  cdp.on("Network.loadingFinished", event => (bytes += event.encodedDataLength));
  await page.addInitScript(probe, selector);
  await page.goto(url, { waitUntil: "commit", timeout: 60_000 });
  await page.waitForFunction(hasApp => window.__load.content > 0 && (!hasApp || window.__load.interactive > 0), hasApp, { timeout: 60_000 });
  await page.waitForTimeout(1500);
  const seen = await page.evaluate(() => window.__load);
  const painted = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
  const counted = bytes;
  if (hasApp) await page.evaluate(settled);
  await page.close();
  // What blocks somebody who sees the page already.
  const blocked = seen.long.reduce((sum, [start, lasts]) => sum + (start + lasts > painted ? Math.max(0, lasts - 50) : 0), 0);
  return { content: seen.content, interactive: seen.interactive, blocked, moved: seen.moved, bytes: counted };
}

/** One new profile: cold, then warm. */
async function profile(url, selector, cookie, hasApp) {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-first-load-"));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: [...flags, ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])],
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 3,
    isMobile: true,
    hasTouch: true,
  });
  if (cookie) await context.addCookies([{ ...cookie, url }]);
  try {
    return { cold: await visit(context, url, selector, hasApp), warm: await visit(context, url, selector, hasApp) };
  } finally {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same rows as one file that loads nothing. */
async function staticPage(url, { name, value }) {
  const page = await (await fetch(url, { headers: { cookie: `${name}=${value}`, accept: "text/html" } })).text();
  const bare = page.replace(/<script[\s\S]*?<\/script>/g, "").replace(/<link[^>]*>/g, "");
  const body = brotliCompressSync(Buffer.from(bare));
  const server = createServer((_, answer) => answer.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-encoding": "br", "cache-control": "no-store" }).end(body));
  await new Promise(ready => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}/`, bytes: body.length, close: () => server.close() };
}

/**
 * Medians of ours, cold and warm, beside the static page's. `cookie` is somebody's session: what the
 * service worker asks for carries no header that is given to the pages alone.
 */
export async function firstLoad(url, selector, cookie, runs = 3) {
  const still = await staticPage(url, cookie);
  const ours = [];
  const theirs = [];
  try {
    for (let run = 0; run < runs; run++) {
      theirs.push(await profile(still.url, selector, undefined, false));
      ours.push(await profile(url, selector, cookie, true));
    }
  } finally {
    still.close();
  }
  const middle = (visits, which) => Object.fromEntries(Object.keys(visits[0][which]).map(key => [key, median(visits.map(visit => visit[which][key]))]));
  return { cold: middle(ours, "cold"), warm: middle(ours, "warm"), reference: middle(theirs, "cold"), warmReference: middle(theirs, "warm") };
}
