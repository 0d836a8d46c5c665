// The executive board: the sentence, the order, what is open, what each figure opens, on paper too.
import { accessible, expect, fitsItsWidth, House, inside, test, unique, type Page } from "./house";
import { isRunning } from "./screens";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** An objective over thirty days with hourly readings of a thousand, ten of which may be bad. */
async function objective(house: House, name: string, title: string, service: string, bad: (hoursAgo: number) => number): Promise<void> {
  // Incidents are declared here where they are wanted.
  await house.rest("POST", "/api/v1/slos", { name, title, service, target: 0.99, window: "30d", slice_s: 3600, alerting: { enabled: false } });
  const hour = Math.floor(Date.now() / (60 * MINUTE)) * 60 * MINUTE;
  const lines = Array.from({ length: 30 * 24 }, (_, n) => ({ objective: name, at: new Date(hour - (n + 1) * 60 * MINUTE).toISOString(), total: 1000, bad: bad(n) }));
  await house.lines("/api/v1/sli", lines);
}

/** A house of its own: the sentence is about everything in it. */
async function company(): Promise<House> {
  const house = await House.open();
  await house.rest("PUT", "/api/v1/services/checkout", { owner: "Payments" });
  await house.rest("PUT", "/api/v1/services/search", { owner: "Search" });
  const at = (days: number, minutes: number) => new Date(Date.now() - days * DAY + minutes * MINUTE).toISOString();
  const past = Array.from({ length: 40 }, (_, n) => ({
    origin: "past",
    id: String(n),
    title: `Outage ${n}`,
    severity: `SEV${(n % 5) + 1}`,
    services: [n % 3 ? "checkout" : "search"],
    started_at: at(n * 2 + 0.5, 0),
    detected_at: at(n * 2 + 0.5, 2 + (n % 5)),
    acknowledged_at: at(n * 2 + 0.5, 4 + (n % 7)),
    ...(n % 4 ? { mitigated_at: at(n * 2 + 0.5, 12 + n) } : {}),
    resolved_at: at(n * 2 + 0.5, 20 + n * 2),
  }));
  await house.rest("POST", "/api/v1/import/incidents", past);
  await objective(house, "checkout", "Checkout availability", "checkout", n => (n < 24 ? 320 : 0));
  await objective(house, "freshness", "Search freshness", "search", n => (n < 24 ? 255 : 0));
  for (const n of Array.from({ length: 11 }, (_, n) => n)) await objective(house, `within-${n}`, `Notifications delivery ${n}`, n % 2 ? "checkout" : "search", () => n % 8);
  return house;
}

const own = inside(company);
const empty = inside(() => House.open());

/** On a phone the choices are folded beneath a line that says what is chosen. */
async function unfold(page: Page): Promise<void> {
  const fold = page.getByRole("checkbox", { name: /^Which time, and whose services/ });
  if (await fold.isVisible()) await fold.check({ force: true });
}

own("the sentence, the worst first, and the rest on request", async ({ as }, { project }) => {
  const page = await as("viewer");
  await page.goto("/executive");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/^2 of 13 objectives need attention\. Checkout availability is over budget\. Search freshness runs out/);
  await isRunning(page);
  const rows = page.getByRole("table", { name: "Objectives, the worst first" }).getByRole("row").filter({ has: page.getByRole("rowheader") });
  await expect(rows.first()).toContainText("Checkout availability");
  await expect(rows.first()).toContainText("Overspent");
  await expect(rows.nth(1)).toContainText("Low");
  const shown = project.name === "phone" ? 4 : 8;
  await expect(rows).toHaveCount(shown);
  await page.getByRole("checkbox", { name: new RegExp(`^${13 - shown} more within budget`) }).check({ force: true });
  await expect(rows).toHaveCount(13);
  await expect(page.getByRole("region", { name: "May we release?" })).toContainText("checkout");
});

own("what is open is live", async ({ as, house }) => {
  const page = await as("viewer");
  await page.goto("/executive");
  await isRunning(page);
  const majors = page.getByRole("region", { name: "Open majors" });
  const incident = await house.declare({ title: `Card payments fail ${unique()}`, severity: "SEV1", services: ["checkout"] });
  const row = majors.getByRole("listitem").filter({ hasText: incident.ref ? "Card payments fail" : "" }).first();
  await expect(row).toContainText("SEV1");
  await expect(row).toContainText(/next update in 1\d min/);
  await house.command(incident.id, { command: "resolve", reason: "it works again" });
  await expect(majors.getByRole("link", { name: /Card payments fail/ })).toHaveCount(0);
});

own("every figure opens what stands behind it, and the address keeps the question", async ({ as }) => {
  const page = await as("viewer");
  await page.goto("/executive");
  await isRunning(page);
  await unfold(page);
  await page.getByRole("button", { name: "90 days" }).click();
  await expect(page).toHaveURL(/range=90d/);
  await page.getByRole("combobox", { name: "Service" }).selectOption("checkout");
  await expect(page).toHaveURL(/service=checkout/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/^1 of 6 objectives needs attention/);
  await page.getByRole("button", { name: "Detect", exact: true }).click();
  const sheet = page.getByRole("dialog", { name: "M4 Detect" });
  await expect(sheet.getByText("detected − start of impact")).toBeVisible();
  await expect(sheet.getByRole("region", { name: "Incidents behind it" }).getByRole("listitem").first()).toBeVisible();
  await expect(page).toHaveURL(/show=M4/);
  await page.reload();
  await expect(sheet).toBeVisible();
  await sheet.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Availability", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "M1 Availability" }).locator("code")).toHaveText("Σ good ÷ Σ all");
});

own("what is not kept has no number, and says so", async ({ as }) => {
  const page = await as("viewer");
  await page.goto("/executive");
  await isRunning(page);
  const table = page.getByRole("table", { name: /Figures against their targets/ });
  for (const [name, target, formula] of [
    ["Pages a week", "< 3", "pages ÷ person-weeks on call"],
    ["Fixed by runbook", "> 70 %", "runbook worked ÷ runbook linked"],
    ["Actions in 90 d", "> 90 %", "closed within 90 days ÷ all of the cohort"],
  ] as const) {
    const row = table.getByRole("row", { name: new RegExp(name) });
    await expect(row).toContainText("no data:");
    await expect(row.getByRole("cell").last()).toHaveText(target);
    await row.getByRole("button", { name }).click();
    const sheet = page.getByRole("dialog", { name: new RegExp(name) });
    await expect(sheet.locator("code")).toHaveText(formula);
    await expect(sheet.getByText(/^No data: /)).toBeVisible();
    await sheet.getByRole("button", { name: "Close" }).click();
  }
  const slowest = table.getByRole("row", { name: /Latency p95/ });
  await expect(slowest).toContainText("no value");
  await expect(slowest).toContainText("< 300 ms");
});

own("on a phone the choices stand on top, folded, and nothing in a row touches", { tag: "@phone" }, async ({ as }) => {
  const page = await as("viewer");
  await page.goto("/executive");
  await isRunning(page);
  const fold = page.getByText("30 days · all services");
  const table = page.getByRole("table", { name: "Objectives, the worst first" });
  const top = async (of: typeof fold) => (await of.boundingBox())?.y ?? Number.NaN;
  expect(await top(fold)).toBeLessThan(await top(table));
  await expect(page.getByRole("group", { name: "Range of the incidents" })).toBeHidden();
  await unfold(page);
  await page.getByRole("button", { name: "7 days" }).click();
  await expect(page.getByText("7 days · all services")).toBeVisible();
  const low = table.getByRole("row").filter({ hasText: "Search freshness" });
  // The longest that is ever said there.
  const words = low.locator(".level__phone .standing > span").last();
  await words.evaluate(element => (element.textContent = "Low, out 28 Dec"));
  const [state, bar, spark] = await Promise.all([words, low.locator(".level__bar svg"), low.locator(".level__spark svg")].map(part => part.boundingBox()));
  expect(state!.x + state!.width + 4).toBeLessThanOrEqual(bar!.x);
  expect(bar!.x + bar!.width + 4).toBeLessThanOrEqual(spark!.x);
  await fitsItsWidth(page);
});

own("a commander sets a target, a reader sees who did", async ({ as }) => {
  const page = await as("commander");
  await page.goto("/executive?show=targets");
  const sheet = page.getByRole("dialog", { name: "Targets" });
  await sheet.getByRole("combobox", { name: "Metric" }).selectOption("M5");
  await sheet.getByRole("combobox", { name: "Of" }).selectOption("sev2");
  await sheet.getByRole("textbox", { name: "Target" }).fill("25");
  await sheet.getByRole("button", { name: "Set" }).click();
  await expect(sheet.getByText("< 25 min")).toBeVisible();
  await sheet.getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("table", { name: /Figures against their targets/ }).getByRole("row", { name: /SEV2/ })).toContainText("< 25 min");
  const reader = await as("viewer");
  await reader.goto("/executive?show=targets");
  await expect(reader.getByRole("dialog", { name: "Targets" }).getByRole("button", { name: "Set" })).toBeDisabled();
});

own("whoever reads begins here, whoever works with what waits", async ({ as }) => {
  for (const [role, path] of [["viewer", "/executive"], ["responder", "/"]]) {
    const page = await as();
    await page.goto("/sign-in");
    await page.getByRole("button", { name: new RegExp(role) }).first().click();
    await expect(page).toHaveURL(new RegExp(`${path}$`));
  }
});

own("nothing sticks out, axe finds nothing, and it prints to one page", async ({ as }, { project }) => {
  const page = await as("viewer");
  await page.goto("/executive");
  await isRunning(page);
  await expect(page.getByRole("img", { name: /Checkout availability/ }).first()).toBeVisible();
  await accessible(page);
  await fitsItsWidth(page);
  await page.getByRole("button", { name: "Detect", exact: true }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await accessible(page);
  await page.keyboard.press("Escape");
  if (process.env.TOCSIN_SCREENS) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${process.env.TOCSIN_SCREENS}/executive-${project.name}-${colorScheme}.png`, fullPage: true });
    }
  }
  if (project.name !== "desk") return;
  await printsToOnePage(page, "executive");
  // What the screen lists stands on paper, too, and the line of the rest with it.
  await page.emulateMedia({ media: "print" });
  await expect(page.locator(".levels .level:visible")).toHaveCount(8);
  await expect(page.locator(".levels__more:visible")).toHaveText(/^5 more within budget, /);
});

/** One sheet of either size; the pictures of it are kept where somebody asks for them. */
async function printsToOnePage(page: Page, name: string): Promise<void> {
  for (const format of ["A4", "Letter"]) {
    const pdf = await page.pdf({ format, ...(process.env.TOCSIN_SCREENS ? { path: `${process.env.TOCSIN_SCREENS}/${name}-${format}.pdf` } : {}) });
    const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/g) ?? [];
    expect(pages.length, format).toBe(1);
  }
}

/** Twelve objectives that all need attention, ten incidents that spent a budget, four open majors. */
const filled = inside(async () => {
  const house = await House.open();
  const hour = Math.floor(Date.now() / (60 * MINUTE)) * 60 * MINUTE;
  const struck = Array.from({ length: 10 }, (_, n) => 12 + n * 48);
  const past = struck.map((hours, n) => {
    const at = (minutes: number) => new Date(hour - (hours + 1) * 60 * MINUTE + minutes * MINUTE).toISOString();
    const times = { started_at: at(0), detected_at: at(2), acknowledged_at: at(4), mitigated_at: at(50), resolved_at: at(60) };
    return { origin: "past", id: String(n), title: `Card payments fail at checkout ${n}`, severity: `SEV${(n % 4) + 1}`, services: ["checkout"], ...times };
  });
  await house.rest("POST", "/api/v1/import/incidents", past);
  await objective(house, "checkout", "Checkout availability", "checkout", hours => (struck.includes(hours) ? 900 : 0));
  for (const n of Array.from({ length: 11 }, (_, n) => n)) await objective(house, `low-${n}`, `Notifications delivery ${n}`, "search", hours => (hours < 24 ? 255 : 0));
  for (const n of [1, 2, 3, 4]) await house.declare({ title: `Gateway lost its link in eu-west ${n}`, severity: n % 2 ? "SEV1" : "SEV2", services: ["gateway"] });
  return house;
});

filled("a full board is one sheet of paper, all of it", { tag: "@desk" }, async ({ as }) => {
  const page = await as("viewer");
  await page.goto("/executive");
  await isRunning(page);
  await expect(page.locator(".levels .level:visible")).toHaveCount(12);
  await expect(page.getByRole("region", { name: "Open majors" }).getByRole("listitem")).toHaveCount(4);
  await expect(page.getByRole("region", { name: "What spent it" }).getByRole("link", { name: "4 more incidents" })).toBeVisible();
  await printsToOnePage(page, "executive-full");
  // As wide as a sheet, where the numbers of two digits keep to one line and no figure touches the next.
  await page.setViewportSize({ width: 703, height: 1032 });
  await page.emulateMedia({ media: "print" });
  await expect(page.locator(".levels .level:visible")).toHaveCount(12);
  for (const number of await page.locator(".spender__number").all()) expect((await number.boundingBox())!.height).toBeLessThan(20);
  for (const cell of await page.locator(".measure:has(.measure__n) > td").all()) {
    expect(await cell.evaluate(cell => cell.scrollWidth <= cell.clientWidth), await cell.innerText()).toBe(true);
  }
});

filled("on a phone what is open begins on the first screen", { tag: "@phone" }, async ({ as }) => {
  const page = await as("viewer");
  await page.goto("/executive");
  await isRunning(page);
  await expect(page.getByText("8 more: 8 low")).toBeVisible();
  const major = page.getByRole("region", { name: "Open majors" }).getByRole("listitem").first();
  const { y, height } = (await major.boundingBox())!;
  expect(y + height).toBeLessThan(page.viewportSize()!.height);
});

empty("an empty house says what would fill it", async ({ as }) => {
  const page = await as("viewer");
  await page.goto("/executive");
  await expect(page.getByText("No objective yet")).toBeVisible();
  await expect(page.getByText("/api/v1/slos").first()).toBeVisible();
  await accessible(page);
  await fitsItsWidth(page);
});

const zoned = inside(async () => {
  const house = await House.open();
  await house.rest("POST", "/api/v1/slos", { name: "monthly", title: "Kept for a month", service: "checkout", target: 0.99, window: "calendar month in Europe/Berlin", slice_s: 3600 });
  await objective(house, "rolling", "Kept for thirty days", "search", () => 1);
  return house;
});

zoned("a page of the calendar is named as such, and the majors lead to the list with what they cost", async ({ as, house }) => {
  const page = await as("viewer");
  await page.goto("/executive");
  await isRunning(page);
  const rows = page.getByRole("table", { name: "Objectives, the worst first" }).getByRole("row");
  await expect(rows.filter({ hasText: "Kept for a month" })).toContainText("this month (Europe/Berlin)");
  await expect(rows.filter({ hasText: "Kept for thirty days" })).toContainText("last 30 days");
  await fitsItsWidth(page);
  await accessible(page);
  await house.declare({ title: "It matters", severity: "SEV2", services: ["checkout"] });
  await house.declare({ title: "It does not", severity: "SEV4", services: ["checkout"] });
  await page.getByRole("region", { name: "Open majors" }).getByRole("link", { name: "In the list" }).click();
  await expect(page.getByRole("grid", { name: "Incidents" }).getByText("It matters")).toBeVisible();
  await expect(page.getByText("It does not")).toHaveCount(0);
  await expect(page.getByText("major (SEV1 or SEV2)")).toBeVisible();
});
