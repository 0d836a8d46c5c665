// The service worker: the app and the board as it was last seen start from the browser, for the
// session that saw it and for nobody else.
import { createServer, request as ask, type IncomingHttpHeaders, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import type { BrowserContext } from "@playwright/test";
import { accessible, expect, fitsItsWidth, nameOn, test, unique, type House, type Page, type Watch } from "./house";
import { Board, IncidentPage, isRunning } from "./screens";

const offline = /ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_FAILED|Failed to fetch/;

const isKept = (page: Page) => page.evaluate(async () => Boolean(await caches.match("/", { cacheName: "tocsin-kept" })));

/** The worker is there, and has kept the board. */
async function kept(page: Page): Promise<void> {
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await expect.poll(() => isKept(page), { timeout: 20_000 }).toBe(true);
}

/** Opens the board, has it kept, and goes. */
async function leaveBoard(page: Page): Promise<void> {
  await Board.open(page);
  await kept(page);
  await page.goto("about:blank");
}

const state = (page: Page) => page.locator(".connection");

/** Keeps the app's question for what is open until it is let in. Not by a route: that disables caches, and the worker heeds it. */
async function holdSnapshot(page: Page): Promise<() => Promise<void>> {
  await page.addInitScript(() => {
    const held = new Promise(done => Object.assign(window, { letIn: done }));
    const real = window.fetch;
    window.fetch = async (input, init) => {
      if (input instanceof Request && input.url.endsWith("/board/snapshot")) await held;
      return real(input, init);
    };
  });
  return () => page.evaluate(() => (window as unknown as { letIn: () => void }).letIn());
}

test("whoever comes back sees the board at once, marked as kept, and then what happened meanwhile", async ({ as, house }) => {
  const [before, worked] = [await house.firing({ summary: `Disk full ${unique()}` }), await house.firing({ summary: `Queue grows ${unique()}` })];
  const page = await as("responder");
  const board = new Board(page);
  await leaveBoard(page);
  await house.command(before.incident.id, { command: "resolve", reason: "was nothing" });
  const meanwhile = await house.firing({ summary: `Pay fails ${unique()}` });

  const letIn = await holdSnapshot(page);
  await page.goto("/");
  await expect(page.locator("html[data-kept]")).toBeAttached();
  await expect(state(page)).toHaveAttribute("data-state", "catching-up");
  await expect(state(page)).toContainText(/Catching up.*as of \d/);
  await expect(board.row(before.incident)).toBeVisible();
  await expect(board.row(meanwhile.incident)).toHaveCount(0);
  await accessible(page);
  await fitsItsWidth(page);

  await letIn();
  await isRunning(page);
  await expect(board.row(meanwhile.incident)).toBeVisible();
  await expect(board.row(worked.incident)).toBeVisible();
  await expect(board.row(before.incident)).toHaveCount(0);
  // From here on the stream tells.
  const later = await house.firing({ summary: `Mail waits ${unique()}` });
  await expect(board.row(later.incident)).toBeVisible();
});

test("without a network the board as it was last seen is there, and what is done waits to be sent", async ({ as, house, watch }) => {
  watch.expects(offline);
  const { incident } = await house.firing({ summary: `Login is slow ${unique()}` });
  const page = await as("responder");
  await leaveBoard(page);
  await page.context().setOffline(true);
  await page.goto("/");
  await expect(state(page)).toHaveAttribute("data-state", "offline");
  await expect(state(page)).toContainText(/Offline.*as of \d/);
  await expect(new Board(page).row(incident)).toBeVisible();
  await accessible(page);
  await fitsItsWidth(page);

  // An incident can be opened by its address, too, with what the board knows of it.
  await page.goto(`/incidents/${incident.ref}`);
  await expect(page.getByRole("heading", { level: 1, name: new RegExp(incident.title) })).toBeVisible();
  await new IncidentPage(page).verb(/^Acknowledge/).click();
  await expect(page.getByText(/unsent/i).first()).toBeVisible();
  expect((await house.incident(incident.id)).acknowledged).toBeNull();

  await page.context().setOffline(false);
  await expect.poll(async () => (await house.incident(incident.id)).acknowledged, { timeout: 40_000 }).not.toBeNull();
  await isRunning(page);
  expect((await house.timeline(incident.id)).filter(entry => entry.kind === "acknowledged")).toHaveLength(1);
  await expect(page.getByText(/acknowledged/i).first()).toBeVisible();
});

test("where nothing is kept and there is no network, the app says so and since when", async ({ as, watch }) => {
  watch.expects(offline);
  watch.expects(/status of 401/);
  const page = await as();
  await page.goto("/");
  await expect(page.getByRole("button", { name: /responder/i }).first()).toBeVisible();
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await page.reload();
  await expect(page.getByRole("button", { name: /responder/i }).first()).toBeVisible();
  expect(await isKept(page)).toBe(false);
  await page.context().setOffline(true);
  await page.goto("/incidents");
  await expect(page.getByRole("heading", { name: "Tocsin cannot be reached" })).toBeVisible();
  await expect(page.getByText(/It was last reached at \d/)).toBeVisible();
  await accessible(page);
  await page.getByRole("button", { name: "Try again now" }).click();
  await expect(page.getByRole("heading", { name: "Tocsin cannot be reached" })).toBeVisible();
  // It goes on by itself.
  await page.context().setOffline(false);
  await expect(page.getByRole("button", { name: /responder/i }).first()).toBeVisible();
});

test("after a sign-out nothing of the board is left, with or without a network", async ({ as, house, watch }) => {
  watch.expects(offline);
  const { incident } = await house.firing({ summary: `Secret plan ${unique()}` });
  const page = await as("responder");
  await Board.open(page);
  await kept(page);
  await page.goto("/settings/profile");
  await isRunning(page);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page.getByRole("button", { name: /responder/i }).first()).toBeVisible();
  await expect.poll(() => isKept(page)).toBe(false);
  await page.context().setOffline(true);
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Tocsin cannot be reached" })).toBeVisible();
  await expect(page.getByText(incident.title)).toHaveCount(0);
});

test("a session that has ended on the server leads to the sign-in, and what was kept is gone", async ({ as, house, watch }) => {
  watch.expects(/status of 401/);
  const page = await as("responder");
  await leaveBoard(page);
  const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const headers = { cookie, origin: house.url, "x-tocsin": "1", "content-type": "application/json", accept: "application/json" };
  expect((await fetch(`${house.url}/api/fn/session/sign-out`, { method: "POST", headers, body: "{}" })).status).toBe(200);
  await page.goto("/");
  await expect(page.getByRole("button", { name: /responder/i }).first()).toBeVisible();
  await expect(new Board(page).heading).toBeHidden();
  await expect.poll(() => isKept(page)).toBe(false);
});

test("another person never sees what was kept for the first", async ({ as, house }) => {
  const page = await as("responder");
  const first = nameOn(page);
  await leaveBoard(page);
  // As if elsewhere in this browser: the worker sees nothing of it but the cookies.
  const call = (path: string, data: unknown) => page.context().request.post(`/api/fn/${path}`, { data, headers: { accept: "application/json", origin: house.url, "x-tocsin": "1" } });
  const { demo_people: people } = (await (await call("session/doorstep", {})).json()) as { demo_people: { id: string; name: string; role: string }[] };
  const other = people.find(person => person.role === "commander");
  expect((await call("session/demo-sign-in", { person: other?.id })).ok()).toBe(true);
  await page.goto("/", { waitUntil: "commit" });
  await expect(page.locator("html[data-kept]")).toHaveCount(0);
  await isRunning(page);
  await expect(page.getByRole("button", { name: new RegExp(`^${other?.name}: profile`) })).toBeVisible();
  await expect(page.getByRole("button", { name: new RegExp(`^${first}: profile`) })).toHaveCount(0);
});

test("a form of a kept page sends nothing before the app is there", async ({ as, house }) => {
  const { incident } = await house.firing({ summary: `Cart loses things ${unique()}` });
  const page = await as("responder");
  await leaveBoard(page);
  // The app arrives and never gets on.
  await page.addInitScript(() => (WebAssembly.instantiateStreaming = () => new Promise(() => {})));
  const sent: string[] = [];
  page.on("request", request => void (request.method() === "POST" && sent.push(request.url())));
  await page.goto("/");
  await expect(page.locator("html[data-kept]")).toBeAttached();
  await expect(state(page)).toContainText("As of");
  await page.locator("form[action$='/acknowledge'] button:visible").first().click();
  await page.waitForTimeout(300);
  expect(sent).toEqual([]);
  await expect(page.locator("html[data-kept]")).toBeAttached();
  expect((await house.incident(incident.id)).acknowledged).toBeNull();
});

/** Stands in front of a house, as a later build of it or as one without a worker. */
class Front {
  isNext = false;
  hasWorker = true;
  private constructor(readonly url: string, private readonly server: Server) {}

  static async of(house: House): Promise<Front> {
    const port = Number(new URL(house.url).port);
    const server = createServer((request, answer) => {
      const headers: IncomingHttpHeaders = { ...request.headers, "accept-encoding": "identity" };
      // Another build has other tags.
      if (front.isNext) delete headers["if-none-match"];
      request.pipe(ask({ port, host: "127.0.0.1", path: request.url, method: request.method, headers }, from => {
        const path = new URL(request.url ?? "/", front.url).pathname;
        if (path === "/sw.js" && !front.hasWorker) return void answer.writeHead(404).end();
        const isPage = (from.headers["content-type"] ?? "").startsWith("text/html");
        if (!front.isNext || !(isPage || path === "/sw.js")) return void (answer.writeHead(from.statusCode ?? 502, from.headers), from.pipe(answer));
        const chunks: Buffer[] = [];
        from.on("data", chunk => chunks.push(chunk)).on("end", () => {
          const text = Buffer.concat(chunks).toString().replace(/const BUILD = "\w+"/, 'const BUILD = "0123456789abcdef"').replace("<title>", '<meta name="next"><title>');
          const { "content-length": _, etag, ...headers } = from.headers;
          if (headers["tocsin-keep"]) headers["tocsin-keep"] = String(headers["tocsin-keep"]).replace(/ .*/, " 0123456789abcdef");
          answer.writeHead(from.statusCode ?? 502, headers).end(request.method === "HEAD" ? undefined : text);
        });
      }).on("error", () => answer.destroy()));
    });
    await new Promise<void>(ready => server.listen(0, "127.0.0.1", ready));
    const front = new Front(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
    return front;
  }

  /** A browser of somebody who has signed in through here. */
  async enter(context: BrowserContext, watch: Watch): Promise<Page> {
    await watch.over(context);
    const page = await context.newPage();
    await page.goto(this.url);
    await page.getByRole("button", { name: /responder/i }).first().click();
    await isRunning(page);
    await page.goto(this.url);
    await isRunning(page);
    await kept(page);
    return page;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(closed => this.server.close(closed));
  }
}

test("a new build takes over at the next start, and the files of the old one go", async ({ browser, house, watch }) => {
  watch.expects(/ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING/);
  const front = await Front.of(house);
  const context = await browser.newContext();
  const page = await front.enter(context, watch);
  const builds = () => page.evaluate(async () => (await caches.keys()).filter(name => name.startsWith("tocsin-app-")));
  const [old] = await builds();
  front.isNext = true;
  // Whenever Playwright looks into a page, that counts as somebody's pressing.
  await page.addInitScript(() => Object.defineProperty(navigator, "userActivation", { value: { hasBeenActive: false } }));
  await page.goto("about:blank");
  // The old board comes first; nobody has begun anything, so the new page takes its place.
  await page.goto(front.url, { waitUntil: "commit" });
  await expect(page.locator("meta[name=next]")).toBeAttached();
  await isRunning(page);
  await expect.poll(builds, { timeout: 20_000 }).toContain("tocsin-app-0123456789abcdef");
  // The new worker begins once no page of the old one is left.
  await expect(async () => {
    await page.goto("about:blank");
    await page.goto(front.url);
    await expect(page.locator("html[data-kept] meta[name=next]")).toBeAttached({ timeout: 1000 });
    await isRunning(page);
    await expect.poll(builds, { timeout: 2000 }).not.toContain(old);
  }).toPass({ timeout: 25_000 });
  await context.close();
  await front.close();
});

test("a worker that the server no longer has takes itself away", async ({ browser, house, watch }) => {
  watch.expects(/status of 404|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING/);
  const front = await Front.of(house);
  const context = await browser.newContext();
  const page = await front.enter(context, watch);
  front.hasWorker = false;
  await page.goto(front.url);
  await isRunning(page);
  await expect.poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
  await expect.poll(() => page.evaluate(() => caches.keys())).toEqual([]);
  await page.goto(front.url);
  await isRunning(page);
  await expect(page.locator("html[data-kept]")).toHaveCount(0);
  await context.close();
  await front.close();
});
