// The first screen before the app, in place of it, and without it.
import { accessible, expect, fitsItsWidth, test, unique, type Page } from "./house";
import { isRunning, literal } from "./screens";

// The worker, once it is there, answers for the files that are held back here.
test.use({ serviceWorkers: "block" });

/** A profile without JavaScript, signed in with the plain form. */
async function plainly(browser: import("@playwright/test").Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: url, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/");
  await page.getByRole("button", { name: /responder/i }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "On-call" })).toBeAttached();
  return page;
}

/** Adds up what moves, from before the page's own scripts. */
async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen: { value: number; what: string }[] = [];
    Object.assign(window, { shifts: seen });
    new PerformanceObserver(list => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean; sources?: { node?: Node }[] })[]) {
        const name = (node?: Node) => (node instanceof Element ? `${node.tagName}.${node.className}` : (node?.parentElement?.className ?? "?"));
        if (!entry.hadRecentInput) seen.push({ value: entry.value, what: (entry.sources ?? []).map(source => name(source.node)).join(" ") });
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
}

const shifts = (page: Page) => page.evaluate(() => (window as unknown as { shifts: unknown[] }).shifts);

/** Keeps the app away until it is let in. */
async function holdApp(page: Page): Promise<() => Promise<void>> {
  let letIn = () => {};
  const held = new Promise<void>(done => (letIn = done));
  await page.route("**/*.wasm", async route => (await held, await route.continue()));
  // The route stays and holds nothing any more; what else a test keeps away stays away, too.
  return async () => letIn();
}

/** Where everything that is seen of the page stands; rows that are folded away are drawn when somebody unfolds them. */
const boxes = (page: Page) =>
  page.locator("main, .rail, .topbar, .strip, .count, .panel, .incident-row, .incident-head, .fact, .seat, .alert, .verb, .timeline, .entry, .composer, .chain").evaluateAll(all =>
    all.filter(element => element.checkVisibility()).map(element => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return `${element.className} ${[x, y, width, height].map(Math.round).join(" ")}`;
    }),
  );

test("without JavaScript somebody signs in, reads the board and takes an incident", async ({ browser, house }) => {
  const { incident } = await house.firing({ summary: `Checkout fails ${unique()}` });
  const page = await plainly(browser, house.url);
  await expect(page.getByText(/Without JavaScript this page shows/)).toBeVisible();
  await page.getByRole("table", { name: /^Open incidents/ }).getByRole("link", { name: new RegExp(literal(incident.title)) }).click();
  await expect(page.getByRole("heading", { level: 1, name: new RegExp(literal(incident.title)) })).toBeVisible();
  await page.getByLabel("Acknowledge", { exact: true }).selectOption({ label: "for 60 min" });
  await page.getByRole("group", { name: "What can be done" }).getByRole("button", { name: /^Acknowledge/ }).click();
  await expect(page.getByText(`${incident.ref}: Acknowledged.`)).toBeVisible();
  const taken = await house.incident(incident.id);
  const until = Date.parse(taken.acknowledged?.until ?? "");
  expect(Math.abs(until - Date.now() - 3600_000)).toBeLessThan(60_000);
  await page.getByLabel("What happened").fill("Written without a script.");
  await page.getByRole("button", { name: "Add" }).click();
  await expect(page.getByRole("region", { name: "Timeline" }).getByText("Written without a script.")).toBeVisible();
  // A reload sends nothing again.
  await page.reload();
  expect((await house.timeline(incident.id)).filter(entry => entry.kind === "note").length).toBe(1);
  await page.getByRole("button", { name: /^Sign out/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await page.context().close();
});

test("without JavaScript what is folded is unfolded, and a link to an entry leads to it", async ({ browser, house }) => {
  const token = await house.integration("generic");
  const service = `flapping-${unique()}`;
  for (let turn = 0; turn < 16; turn += 1) {
    const body = JSON.stringify({ title: `${service} disk`, key: service, service, severity: "critical", status: turn % 2 === 0 ? "firing" : "resolved" });
    expect((await fetch(`${house.url}/hooks/generic/${token}`, { method: "POST", body })).ok).toBe(true);
  }
  const incident = await house.incidentOf(service);
  for (let n = 0; n < 70; n += 1) await house.command(incident.id, { command: "note", text: `Note ${n}.` });
  const page = await plainly(browser, house.url);
  await page.goto(`/incidents/${incident.ref}`);
  const timeline = page.getByRole("region", { name: "Timeline" });
  await timeline.getByRole("link", { name: /^\d+ earlier$/ }).click();
  await timeline.getByText(/^Show \d+ entries$/).click();
  await expect(timeline.getByText("1 alert resolved").first()).toBeVisible();
  const seq = (await house.timeline(incident.id)).filter(entry => entry.kind === "alerts_resolved")[2]!.seq;
  await page.goto("about:blank");
  await page.goto(`/incidents/${incident.ref}?entries=all#entry-${seq}`);
  await expect(page.locator(`#entry-${seq}`)).toBeInViewport();
  await page.context().close();
});

test("the board's own button takes the worst one without JavaScript", async ({ browser, house }) => {
  await house.firing();
  const page = await plainly(browser, house.url);
  await page.getByRole("button", { name: "Acknowledge for 30 min" }).filter({ visible: true }).click();
  await expect(page.getByText(/: Acknowledged\./)).toBeVisible();
  await page.context().close();
});

test("a wrong password is said without JavaScript, too", async ({ browser, house }) => {
  const context = await browser.newContext({ baseURL: house.url, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/incidents/INC-1");
  await page.getByLabel("Login").fill("nobody");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByText(/the login or the password is wrong/)).toBeVisible();
  await context.close();
});

test("what the server draws fits, and anybody can use it in both themes", async ({ as, house, watch }) => {
  watch.expects(/ERR_FAILED|Failed to load|Failed to fetch/);
  const { incident } = await house.firing();
  const page = await as("responder");
  // Axe is a script itself, so here the app is what is missing.
  await page.route("**/*.wasm", route => route.abort());
  for (const path of ["/", `/incidents/${incident.ref}`]) {
    await page.goto(path);
    await expect(page.locator("html[data-still]")).toBeAttached();
    await expect(page.getByText(/The app could not start in this browser/)).toBeVisible();
    await fitsItsWidth(page);
    await accessible(page);
  }
  await page.getByRole("group", { name: "What can be done" }).getByRole("button", { name: /^Acknowledge/ }).click();
  await expect(page.getByText(`${incident.ref}: Acknowledged.`)).toBeVisible();
});

test("the content is there before the app, and nothing moves when the app takes over", async ({ as, house }) => {
  const { incident } = await house.firing();
  await house.command(incident.id, { command: "note", text: "A first note." });
  const page = await as("responder");
  await watchShifts(page);
  // What folds open below is asked for by itself afterwards; here only the taking over is looked at.
  const folded = ["/api/fn/changes/list", "/api/fn/incidents/verification", "/api/fn/objectives/costs"];
  await page.route(url => folded.includes(url.pathname), () => undefined);
  for (const [path, words] of [["/", incident.title], [`/incidents/${incident.ref}`, "A first note."]] as const) {
    const release = await holdApp(page);
    const asked: string[] = [];
    page.on("request", request => asked.push(new URL(request.url()).pathname));
    await page.goto(path, { waitUntil: "commit" });
    await expect(page.getByText(words).filter({ visible: true }).first()).toBeVisible();
    await expect(page.locator(".connection")).toHaveAttribute("data-state", "still");
    const before = await boxes(page);
    await release();
    await isRunning(page);
    expect(await boxes(page), "the app's picture is the server's").toEqual(before);
    expect(await shifts(page)).toEqual([]);
    expect(asked.filter(path => path.startsWith("/api/fn/") && !folded.includes(path)), "the data came with the page").toEqual([]);
    page.removeAllListeners("request");
  }
});

test("what somebody does while the app loads is kept", async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("responder");
  const release = await holdApp(page);
  await page.goto(`/incidents/${incident.ref}`, { waitUntil: "commit" });
  const composer = page.getByLabel("What happened", { exact: true });
  await composer.fill("Begun before the app.");
  const scrolled = await page.evaluate(() => (window.scrollTo(0, 120), window.scrollY));
  await release();
  await isRunning(page);
  await expect(composer).toHaveValue("Begun before the app.");
  await expect(composer).toBeFocused();
  expect(await page.evaluate(() => window.scrollY)).toBe(scrolled);
  await composer.press("Enter");
  await expect.poll(async () => (await house.timeline(incident.id)).some(entry => entry.text.includes("Begun before the app."))).toBe(true);
});

test("a form that is sent before the app is there is done", async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("responder");
  await page.route("**/*.wasm", () => {});
  await page.goto(`/incidents/${incident.ref}`, { waitUntil: "commit" });
  await page.getByRole("group", { name: "What can be done" }).getByRole("button", { name: /^Acknowledge/ }).click();
  await expect(page.getByText(`${incident.ref}: Acknowledged.`)).toBeVisible();
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("the chosen theme is there before the app", async ({ as }) => {
  const page = await as("viewer");
  await page.goto("/settings/profile");
  await page.getByRole("button", { name: "Dark" }).click();
  await page.route("**/*.wasm", () => {});
  await page.goto("/", { waitUntil: "commit" });
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("nobody who opens a page for the first time sees an error", async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as();
  await page.goto(`/incidents/${incident.ref}`);
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await page.getByRole("button", { name: /responder/i }).first().click();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
});
