// The list of all incidents with ten thousand of them, the services, and jumping to anything.
import { accessible, expect, fitsItsWidth, test, unique, type House, type Page } from "./house";
import { IncidentPage, isRunning } from "./screens";

const MANY = 10_000;
const imported = new WeakSet<House>();

/** Ten thousand incidents of the past, once for each house. */
async function past(house: House): Promise<void> {
  if (imported.has(house)) return;
  imported.add(house);
  const services = ["checkout", "payments", "identity", "search", "media"];
  const now = Date.now();
  const incidents = Array.from({ length: MANY }, (_, n) => ({
    origin: "e2e",
    id: String(n),
    title: `${["Cards fail", "Mails are late", "Index is behind"][n % 3]} in ${["eu-west", "us-east"][n % 2]}`,
    severity: n % 9 === 0 ? null : `SEV${1 + (n % 5)}`,
    started_at: new Date(now - (n + 2) * 3_600_000).toISOString(),
    resolved_at: new Date(now - (n + 1) * 3_600_000).toISOString(),
    services: [services[n % 5]],
    labels: { team: ["shop", "core"][n % 2] },
    timeline: [],
  }));
  await house.rest("POST", "/api/v1/import/incidents", incidents);
}

/** Opens the list and waits until every row has been read. */
async function open(page: Page, query = ""): Promise<void> {
  await page.goto(`/incidents${query}`);
  await expect(page.getByRole("heading", { level: 1, name: "Incidents" })).toBeVisible();
  await expect(page.getByText("Reading the rest…")).toBeHidden({ timeout: 30_000 });
}

const rows = (page: Page) => page.locator("#incident-rows [role=row][aria-rowindex]");
const grid = (page: Page) => page.getByRole("grid", { name: "Incidents" });

test("ten thousand incidents are there, and sixty of them at most in the page", async ({ as, house }) => {
  await past(house);
  const page = await as("viewer");
  await open(page);
  expect(Number(await grid(page).getAttribute("aria-rowcount"))).toBeGreaterThan(MANY);
  for (const y of [0, 50_000, 200_000, 10_000_000, 3_000]) {
    await page.evaluate(y => window.scrollTo(0, y), y);
    await expect.poll(() => rows(page).count()).toBeGreaterThan(5);
    expect(await rows(page).count()).toBeLessThanOrEqual(60);
  }
  const took = await page.evaluate(() => performance.getEntriesByName("list.arrange").at(-1)!.duration);
  test.info().annotations.push({ type: "list.arrange", description: `${took.toFixed(1)} ms` });
  await fitsItsWidth(page);
  await accessible(page);
});

test("a filter is in the address: it survives a reload, and back takes it away", async ({ as, house }) => {
  await past(house);
  const page = await as("viewer");
  await open(page, "?severity=!SEV5&service=checkout");
  const count = await grid(page).getAttribute("aria-rowcount");
  await page.reload();
  await expect(grid(page)).toHaveAttribute("aria-rowcount", count!);
  await expect(page.getByText("SEV5")).toHaveCount(1);
  await page.getByRole("button", { name: "Take away: Severity not SEV5" }).click();
  await expect(page).toHaveURL(/\?service=checkout$/);
  await page.goBack();
  await expect(page).toHaveURL(/severity=!SEV5/);
  await expect(grid(page)).toHaveAttribute("aria-rowcount", count!);
  await page.getByRole("searchbox", { name: "Search these incidents" }).fill("us-east -late");
  await expect(page).toHaveURL(/q=us-east%20-late/);
  await expect(rows(page).first()).toContainText("us-east");
});

test("several are chosen and acknowledged by the keyboard alone", { tag: "@desk" }, async ({ as, house }) => {
  const service = `keys-${unique()}`;
  for (const severity of ["SEV1", "SEV2", "SEV3"]) await house.declare({ title: `Kept busy ${severity}`, severity, services: [service] });
  const page = await as("responder");
  await open(page, `?state=open&service=${service}`);
  await expect(rows(page)).toHaveCount(3);
  await grid(page).focus();
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.keyboard.press("Shift+ArrowDown");
  await expect(page.getByText("2 selected")).toBeVisible();
  await page.keyboard.press("a");
  await expect(page.getByText("2 done")).toBeVisible();
  const { items } = await house.rest<{ items: { title: string; acknowledged: unknown }[] }>("GET", `/api/v1/incidents?service=${service}`);
  expect(items.filter(item => item.acknowledged).map(item => item.title).sort()).toEqual(["Kept busy SEV1", "Kept busy SEV2"]);
  await expect(page.getByRole("button", { name: /^Close/ })).toHaveAttribute("aria-disabled", "true");
  await page.keyboard.press("Escape");
  await expect(page.getByText("2 selected")).toBeHidden();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: /Kept busy/ })).toBeVisible();
});

test("what happens meanwhile changes its row and moves nothing", async ({ as, house }) => {
  const service = `calm-${unique()}`;
  const first = await house.declare({ title: "The first", severity: "SEV3", services: [service] });
  const page = await as("viewer");
  await open(page, `?state=open&service=${service}`);
  await expect(rows(page)).toHaveCount(1);
  await house.command(first.id, { command: "set_severity", severity: "SEV1", reason: "it spreads" });
  await expect(rows(page).first()).toContainText("SEV1");
  await house.declare({ title: "The second", severity: "SEV1", services: [service] });
  await expect(page.getByText("1 new")).toBeVisible();
  await expect(rows(page)).toHaveCount(1);
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await expect(rows(page)).toHaveCount(2);
});

test("a storm unfolds in place, and each alert says why it is there", async ({ as, house }) => {
  const { token } = await house.rest<{ token: string }>("POST", "/api/v1/integrations", { source: "generic", name: `storm ${unique()}`, grouping: { by: ["region"], quiet_s: 600, storm_at: 10 } });
  const region = `region-${unique()}`;
  const alerts = ["gateway", "identity", "checkout"].flatMap(service => [1, 2, 3].map(n => ({ title: `${service} ${n} is down`, key: `${region}-${service}-${n}`, severity: "error", labels: { service, region } })));
  for (const alert of alerts) {
    const answer = await fetch(`${house.url}/hooks/generic/${token}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(alert) });
    expect(answer.ok).toBe(true);
  }
  const page = await as("viewer");
  await open(page, "?alerts=9&state=open&sort=-id");
  await page.getByRole("button", { name: /^Alerts of INC-\d+ by service$/ }).first().click();
  await expect(page.getByText(/1 opened it, 8 joined its group/)).toBeVisible();
  const broken = await page.locator(".storm__scale span").evaluateAll(times => times.filter(time => time.getBoundingClientRect().height > 24).length);
  expect(broken, "a time of the axis is one line").toBe(0);
  await page.getByRole("button", { name: "gateway", exact: true }).click();
  await expect(page.getByText("It opened the incident", { exact: false })).toBeVisible();
  await expect(page.getByText("Grouped: the same group", { exact: false }).first()).toBeVisible();
  await fitsItsWidth(page);
  await accessible(page);
});

test("anything can be jumped to by the keyboard", async ({ as, house }, info) => {
  const service = `jump-${unique()}`;
  const incident = await house.declare({ title: `Jumped at ${service}`, severity: "SEV2", services: [service] });
  const page = await as("responder");
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1, name: "On-call" })).toBeVisible();
  // The server's page has no keys yet.
  await isRunning(page);
  if (info.project.name === "phone") await page.getByRole("button", { name: "Search" }).tap();
  else await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: "Jump to" });
  await expect(field).toBeFocused();
  await accessible(page);
  await field.fill(service);
  await expect(page.getByRole("option", { name: new RegExp(incident.ref) })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: /Jumped at/ })).toBeVisible();
  if (info.project.name === "phone") return;
  // What can be done with the open incident, with the reason where it cannot.
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("reopen");
  await expect(page.getByRole("option", { name: /Reopen/ })).toHaveAttribute("aria-disabled", "true");
  await page.getByRole("combobox").fill("acknowledge");
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await house.incident(incident.id)).acknowledged).not.toBeNull();
  await page.keyboard.press("Control+k");
  for (const words of ["Take command", "Make private", "Acknowledge until further notice", "Assign scribe…", "Export as Markdown", "Export as Bundle", "Add a note", "Brief", "Sign out"]) {
    await page.getByRole("combobox").fill(words);
    await expect(page.getByRole("option", { name: words }).first()).toBeVisible();
  }
  await page.getByRole("combobox").fill("theme dark");
  await page.keyboard.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("export as markdown");
  const [saved] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  expect(saved.suggestedFilename()).toContain(incident.ref);
  await expect(page.getByRole("heading", { level: 1, name: /Jumped at/ })).toBeVisible();
});

test("a service says who owns it, and somebody with the right can change that", async ({ as, house }) => {
  const service = `owned-${unique()}`;
  await house.declare({ title: "It hurts", severity: "SEV1", services: [service] });
  const page = await as("commander");
  await page.goto(`/services?q=${service}`);
  await expect(page.getByText("No owner")).toBeVisible();
  await page.getByRole("link", { name: service }).click();
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("Owner").fill("Payments");
  await page.getByLabel("Links").fill("https://runbook.example Runbook");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("link", { name: "Runbook" })).toBeVisible();
  await expect(page.getByText("Payments")).toBeVisible();
  await fitsItsWidth(page);
  await accessible(page);
  await page.getByRole("link", { name: "In the list" }).click();
  await expect(page).toHaveURL(new RegExp(`state=open&service=${service}`));
  await expect(rows(page)).toHaveCount(1);
});

test("services say how their worst objective stands, and a service leads to Debug", async ({ as, house, watch }, info) => {
  watch.expects(/status of 404/);
  const service = `worst-${unique()}`;
  await house.rest("PUT", `/api/v1/services/${service}`, { owner: "Payments" });
  const page = await as("viewer");
  await page.goto(`/services?q=${service}`);
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: service }) });
  await expect(row).toContainText("none set");
  if (info.project.name === "phone") {
    await expect(page.getByRole("combobox", { name: "Owner" })).toBeHidden();
    await page.getByRole("button", { name: "Filters", exact: true }).click();
    await page.getByRole("checkbox", { name: "With an open incident" }).check();
    await expect(page.getByRole("button", { name: "Filters (1)", exact: true })).toBeVisible();
    await expect(row).toHaveCount(0);
    await page.getByRole("checkbox", { name: "With an open incident" }).uncheck();
    expect((await row.boundingBox())!.height, "a row has two lines").toBeLessThan(80);
  }
  await fitsItsWidth(page);
  await page.getByRole("link", { name: service }).click();
  await page.getByRole("main").getByRole("link", { name: "Debug" }).click();
  await expect(page).toHaveURL(new RegExp(`/debug\\?service=${service}`));
  await page.goto("/services/there-is-none");
  await page.getByRole("link", { name: "To all services" }).click();
  await expect(page).toHaveURL(/\/services$/);
});

test("of an objective that does not exist nothing is explained or edited", async ({ as, watch }) => {
  watch.expects(/status of 404/);
  const page = await as("commander");
  await page.goto("/objectives/there-is-none");
  await expect(page.getByText("There is no such objective.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Explain this number" })).toHaveCount(0);
  await expect(page.getByRole("link", { name: "Edit", exact: true })).toHaveCount(0);
  await page.getByRole("link", { name: "To all objectives" }).click();
  await expect(page).toHaveURL(/\/objectives$/);
});

test("on a phone the list is sorted by a menu, and the order stands in the address", { tag: "@phone" }, async ({ as, house }) => {
  const service = `sorted-${unique()}`;
  for (const [title, severity] of [["Bravo", "SEV1"], ["Alpha", "SEV3"], ["Charlie", "SEV2"]]) await house.declare({ title, severity, services: [service] });
  const page = await as("responder");
  await open(page, `?service=${service}`);
  await expect(rows(page)).toHaveCount(3);
  const order = async () => (await rows(page).locator(".list__title").allInnerTexts()).join(" ");
  expect(await order()).toBe("Bravo Charlie Alpha");
  const sort = page.getByRole("button", { name: "Sort", exact: true });
  const title = page.getByRole("heading", { level: 1, name: "Incidents" });
  const [a, b] = [await title.boundingBox(), await sort.boundingBox()];
  expect(Math.abs((a?.y ?? 0) - (b?.y ?? 99)), "the head stands on one line").toBeLessThan(30);
  await sort.tap();
  await accessible(page);
  await page.getByRole("menuitem", { name: "What is happening" }).tap();
  await expect(page).toHaveURL(/sort=title/);
  await expect.poll(order).toBe("Alpha Bravo Charlie");
  await sort.tap();
  await page.getByRole("menuitem", { name: /What is happening/ }).tap();
  await expect(page).toHaveURL(/sort=-title/);
  await expect.poll(order).toBe("Charlie Bravo Alpha");
  await page.reload();
  await expect.poll(order).toBe("Charlie Bravo Alpha");
  await fitsItsWidth(page);
});

test("what each incident spent of the budgets is a column that is asked for", { tag: "@desk" }, async ({ as, house }) => {
  const service = `spent-${unique()}`;
  const HOUR = 3_600_000;
  const hour = Math.floor(Date.now() / HOUR) * HOUR;
  await house.rest("POST", "/api/v1/slos", { name: service, title: `Budget of ${service}`, service, target: 0.99, window: "30d", slice_s: 3600, alerting: { enabled: false } });
  const bad = (n: number) => (n === 3 || n === 4 ? 500 : 0);
  await house.lines("/api/v1/sli", Array.from({ length: 30 * 24 }, (_, n) => ({ objective: service, at: new Date(hour - (n + 1) * HOUR).toISOString(), total: 1000, bad: bad(n) })));
  const at = (hours: number) => new Date(hour - hours * HOUR).toISOString();
  const past = [{ origin: "past", id: service, title: `It cost ${service}`, severity: "SEV2", services: [service], started_at: at(5), detected_at: at(5), resolved_at: at(3) }];
  await house.rest("POST", "/api/v1/import/incidents", past);
  await house.declare({ title: `Cheap ${service}`, severity: "SEV1", services: [] });
  const page = await as("viewer");
  const asked: string[] = [];
  page.on("request", request => void (request.url().endsWith("/api/fn/incidents/costs") && asked.push(request.url())));
  await open(page, `?q=${service}`);
  await expect(rows(page)).toHaveCount(2);
  expect(asked, "nothing is asked for that is not shown").toEqual([]);
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("menuitem", { name: /Budget spent/ }).click();
  await expect(page).toHaveURL(/columns=.*cost/);
  await expect(rows(page).filter({ hasText: "It cost" }).locator('[data-column="cost"]')).toContainText(/^1[34] %/);
  await expect(rows(page).filter({ hasText: "Cheap" }).locator('[data-column="cost"]')).toContainText("–");
  await accessible(page);
});

test("the table keeps to its width on every desk", { tag: "@desk" }, async ({ as, house }) => {
  const service = `narrow-${unique()}`;
  await house.declare({ title: "Who has it is the last column that gives way", severity: "SEV2", services: [service] });
  const page = await as("viewer");
  await open(page, `?service=${service}`);
  for (const width of [720, 768, 1100, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    const beyond = () => rows(page).first().evaluate(row => [...row.querySelectorAll("[role=gridcell]")].filter(cell => cell.getBoundingClientRect().right > row.getBoundingClientRect().right).length);
    await expect.poll(beyond, `${width} px`).toBe(0);
  }
});

test("on a phone everything that can be done to several is on the screen", { tag: "@phone" }, async ({ as, house }) => {
  const service = `several-${unique()}`;
  for (const severity of ["SEV1", "SEV2"]) await house.declare({ title: `Chosen ${severity}`, severity, services: [service] });
  const taken = await house.declare({ title: "Taken", severity: "SEV3", services: [service] });
  await (await IncidentPage.open(await as("commander"), taken)).verb(/^Acknowledge/).tap();
  await expect.poll(async () => (await house.incident(taken.id)).acknowledged).not.toBeNull();
  const page = await as("responder");
  await open(page, `?state=open&service=${service}`);
  await expect(rows(page)).toHaveCount(3);
  await page.getByRole("button", { name: "Select", exact: true }).tap();
  for (const title of ["Chosen SEV1", "Chosen SEV2", "Taken"]) await rows(page).filter({ hasText: title }).tap();
  await expect(page.getByText("3 selected")).toBeVisible();
  // What somebody else has is not theirs to take.
  await expect(page.getByRole("button", { name: "Acknowledge 2", exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Merge 3 into…" })).toBeVisible();
  const gone = await page.locator(".bulk button").evaluateAll(all => all.filter(one => one.getBoundingClientRect().right > innerWidth || one.scrollWidth > one.clientWidth).map(one => one.textContent));
  expect(gone, "what leaves the screen, or is cut").toEqual([]);
});
