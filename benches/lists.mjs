// The list of 10,000 incidents on a desk, beside a list of the very same rows that plain DOM calls
// keep, and what a change of one row or a command costs the page. Script and layout are counted
// from the event to settled microtasks and a forced layout; frames are not waited for.
import { chromium } from "../tests/e2e/node_modules/playwright-core/index.mjs";
import { median } from "./table.mjs";

const flags = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-renderer-backgrounding"];
const TURNS = 9;
/** What one way through the network takes where the confirmation of a command is measured. */
const ROUND_TRIP_MS = 150;

/** What both pages measure with; it stands in the page. */
function instruments() {
  const macro = () => new Promise(next => {
    const channel = new MessageChannel();
    channel.port1.onmessage = next;
    channel.port2.postMessage(0);
  });
  const frame = () => new Promise(next => requestAnimationFrame(() => macro().then(next)));
  const settled = async () => {
    for (let turn = 0; turn < 50; turn++) await null;
    void document.body.offsetHeight;
  };
  const bench = {
    frame,
    /** Milliseconds until what `act` began is done, tasks that it left for later included. */
    async until(act, done) {
      await frame();
      const began = performance.now();
      act();
      await settled();
      while (!done() && performance.now() - began < 5000) await macro();
      void document.body.offsetHeight;
      return done() ? performance.now() - began : NaN;
    },
    /** The place in the list of the row in the middle of the screen. */
    middle() {
      const row = document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest("[aria-rowindex]");
      return row ? Number(row.getAttribute("aria-rowindex")) : 0;
    },
  };
  bench.jump = async rows => {
    const height = document.querySelector(".list__row").getBoundingClientRect().height;
    const from = bench.middle();
    return bench.until(
      () => {
        scrollBy(0, rows * height);
        window.dispatchEvent(new Event("scroll"));
      },
      () => Math.abs(bench.middle() - from - rows) <= 2,
    );
  };
  window.__bench = bench;
}

/** The same rows by hand: a row is cloned and its two texts are set. */
function byHand(count) {
  const grid = document.querySelector("#incident-grid").cloneNode(true);
  document.querySelector("#incident-grid").replaceWith(grid);
  const rows = grid.querySelector("#incident-rows");
  const window_ = rows.querySelector(".list__window");
  const template = window_.querySelector(".list__row");
  const height = 36;
  const model = Array.from({ length: count }, (_, at) => ({ reference: `INC-${at + 1}`, title: `Checkout answers slowly in zone ${at % 7}` }));
  const make = at => {
    const row = template.cloneNode(true);
    row.setAttribute("aria-rowindex", at + 2);
    row.querySelector(".mono").textContent = model[at].reference;
    row.querySelector(".list__title").textContent = model[at].title;
    return row;
  };
  const ready = Math.ceil(innerHeight / height) + 20;
  const draw = () => {
    const first = Math.max(0, Math.floor(-rows.getBoundingClientRect().top / height) - 8);
    const made = Array.from({ length: Math.min(ready, count - first) }, (_, at) => make(first + at));
    window_.style.transform = `translateY(${first * height}px)`;
    window_.replaceChildren(...made);
  };
  window.__open = () => {
    rows.style.height = `${count * height}px`;
    draw();
  };
  window.__close = () => window_.replaceChildren();
  window.addEventListener("scroll", draw);
}

async function openAndJump(page, open, close) {
  const opened = [];
  const jumped = [];
  for (let turn = 0; turn < TURNS; turn++) {
    await close();
    opened.push(await open());
    for (const rows of [200, 200, -200]) jumped.push(await page.evaluate(rows => window.__bench.jump(rows), rows));
    await page.evaluate(() => scrollTo(0, 0));
  }
  return { opened: median(opened), jumped: median(jumped), rows: await page.locator(".list__row").count() };
}

export async function lists(server, count, changes) {
  const headers = { authorization: `Bearer ${server.bearer}` };
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: [...flags, ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])] });
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, extraHTTPHeaders: headers });
    await context.addInitScript(instruments);
    const page = await context.newPage();
    await page.goto(`${server.url}/incidents`);
    await page.waitForFunction(count => document.querySelector(".list-head__count")?.textContent.replace(/\D/g, "") >= count, count, { timeout: 60_000 });

    const until = (path, there) => page.evaluate(([path, there]) => window.__bench.until(() => document.querySelector(`nav a[href="${path}"]`).click(), () => Boolean(document.querySelector(there))), [path, there]);
    const ours = await openAndJump(page, () => until("/incidents", ".list__row"), () => until("/", ".incident-row"));

    // Put in order by each column that is shown, and filtered by what is typed.
    const arranged = [];
    const took = () => page.evaluate(() => performance.getEntriesByName("list.arrange", "measure").at(-1).duration);
    for (const button of await page.locator(".list__sort").all()) {
      await button.click();
      arranged.push(await took());
    }
    for (const words of ["zone 3", "nothing of the kind", ""]) {
      await page.locator("#list-search").fill(words);
      await page.waitForTimeout(400);
      arranged.push(await took());
    }

    // One change after another of rows that are on screen; what the page does meanwhile, less what
    // it does when nothing changes.
    await page.goto(`${server.url}/incidents`);
    await page.waitForFunction(count => document.querySelector(".list-head__count")?.textContent.replace(/\D/g, "") >= count, count, { timeout: 60_000 });
    const cdp = await context.newCDPSession(page);
    await cdp.send("Performance.enable");
    const script = async () => {
      const { metrics } = await cdp.send("Performance.getMetrics");
      return metrics.find(({ name }) => name === "ScriptDuration").value * 1000;
    };
    const during = async work => {
      const before = await script();
      await work();
      await page.waitForTimeout(500);
      return (await script()) - before;
    };
    const idle = await during(() => page.waitForTimeout(changes.length * 50));
    const busy = await during(async () => {
      for (const change of changes) {
        await change();
        await page.waitForTimeout(50);
      }
    });

    // The same rows by hand, in a page where the app is not let in.
    const plain = await context.newPage();
    const grid = await page.locator("#incident-grid").evaluate(grid => [...document.querySelectorAll("link[rel=stylesheet]"), grid].map(({ outerHTML }) => outerHTML).join(""));
    await plain.route(/\.(js|wasm)$/, route => route.abort());
    await plain.goto(`${server.url}/incidents`);
    await plain.evaluate(grid => (document.body.innerHTML = grid), grid);
    await plain.waitForLoadState("networkidle");
    await plain.evaluate(byHand, count);
    const hand = await openAndJump(
      plain,
      () => plain.evaluate(() => window.__bench.until(window.__open, () => Boolean(document.querySelector(".list__row")))),
      () => plain.evaluate(() => window.__close()),
    );
    return { ours, hand, arranged: Math.max(...arranged), change: (busy - idle) / changes.length };
  } finally {
    await browser.close();
  }
}

/** From the tap on “Acknowledge” to the frame that shows it, and to the server's answer over a network that takes its time. */
export async function command(server, references) {
  const headers = { authorization: `Bearer ${server.bearer}` };
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: [...flags, ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])] });
  const seen = [];
  const confirmed = [];
  try {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, extraHTTPHeaders: headers });
    for (const reference of references) {
      const page = await context.newPage();
      await page.goto(`${server.url}/incidents/${reference}`);
      const button = page.getByRole("group", { name: "What can be done" }).getByRole("button", { name: /^Acknowledge/ });
      await button.waitFor();
      await page.waitForFunction(() => performance.getEntriesByName("interactive").length > 0);
      const cdp = await context.newCDPSession(page);
      await cdp.send("Network.enable");
      await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: ROUND_TRIP_MS, downloadThroughput: -1, uploadThroughput: -1 });
      const answered = page.waitForResponse(answer => answer.request().method() === "POST" && answer.url().includes("/api/fn/"));
      const began = performance.now();
      // Counted in the page, so that the way between the browser and this script is not.
      seen.push(
        await button.evaluate(async button => {
          const tapped = performance.now();
          button.click();
          while (button.isConnected && /^Acknowledge/.test(button.textContent.trim()) && performance.now() - tapped < 3000) await new Promise(next => requestAnimationFrame(next));
          return performance.now() - tapped;
        }),
      );
      await (await answered).finished();
      confirmed.push(performance.now() - began);
      await page.close();
    }
  } finally {
    await browser.close();
  }
  return { visible: median(seen), confirmed: median(confirmed), roundTrip: ROUND_TRIP_MS };
}
