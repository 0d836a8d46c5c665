// An objective from its form to its figures: made, measured, looked at, asked what if, explained.
import { accessible, expect, fitsItsWidth, House, test, unique, type Page } from "./house";
import { readFile } from "node:fs/promises";
import { isRunning } from "./screens";

const MINUTE = 60_000;
const SLICE = 5 * MINUTE;
const DAY = 24 * 60 * MINUTE;

/** A month of readings with an outage that is over, one that leaves soon, and a gap. */
async function measured(house: House, name: string, service: string): Promise<void> {
  const now = Math.floor(Date.now() / SLICE) * SLICE;
  const begin = now - 44 * DAY;
  const bad = (at: number): number => {
    const ago = (now - at) / DAY;
    // The last of them spent what the month had left.
    if (ago <= 0.1 && ago > 0.08) return 760;
    if (ago <= 8 && ago > 7.97) return 560;
    if (ago <= 24 && ago > 23.95) return 600;
    if (ago <= 36 && ago > 35.97) return 480;
    return at % (7 * SLICE) === 0 ? 1 : 0;
  };
  const isGap = (at: number): boolean => at > now - 18 * DAY && at < now - 18 * DAY + 20 * 60 * MINUTE;
  const at = Array.from({ length: (44 * DAY) / SLICE }, (_, n) => begin + n * SLICE).filter(at => !isGap(at));
  await house.lines("/api/v1/sli", at.map(at => ({ objective: name, at: new Date(at).toISOString(), total: 2000, bad: bad(at) })));
  const incident = (id: string, ago: number, minutes: number, severity: string, title: string) => ({
    origin: "past",
    id: `${name}-${id}`,
    title,
    severity,
    services: [service],
    started_at: new Date(now - ago * DAY).toISOString(),
    detected_at: new Date(now - ago * DAY + 6 * MINUTE).toISOString(),
    mitigated_at: new Date(now - ago * DAY + minutes * MINUTE).toISOString(),
    resolved_at: new Date(now - ago * DAY + (minutes + 20) * MINUTE).toISOString(),
  });
  await house.rest("POST", "/api/v1/import/incidents", [
    incident("a", 24, 72, "SEV2", "Gateway answers late"),
    incident("b", 8, 44, "SEV1", "Card payments fail in the EU"),
    incident("c", 0.1, 29, "SEV1", "Card payments fail at checkout"),
  ]);
}

/** A page on an objective that has its month. */
async function looked(house: House, page: Page): Promise<{ name: string }> {
  const word = unique();
  const name = `checkout-${word}`;
  await house.rest("POST", "/api/v1/slos", {
    name,
    title: "Checkout",
    service: `shop-${word}`,
    description: "Requests to checkout and pay, all regions, as the gateway saw them. Good: no 5xx and answered within 10 s.",
    target: "99.9 %",
    windows: [{ type: "rolling", seconds: 30 * 86_400 }, { type: "rolling", seconds: 7 * 86_400 }],
    slice_s: 300,
  });
  await measured(house, name, `shop-${word}`);
  await page.goto(`/objectives/${name}`);
  await isRunning(page);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/^Checkout is .+ over budget\./);
  return { name };
}

const region = (page: Page, name: string) => page.getByRole("region", { name, exact: true });

test("an objective is made by its form, measured over REST, and stands on its page", async ({ as, house }) => {
  const page = await as("commander");
  const name = `pushed-${unique()}`;
  await page.goto("/objectives");
  await isRunning(page);
  await page.getByRole("link", { name: "New objective" }).first().click();
  await page.getByRole("textbox", { name: "Name" }).fill("-");
  await page.getByRole("textbox", { name: "Target, %" }).fill("100");
  await page.getByRole("button", { name: "Make the objective" }).click();
  await expect(page.getByText("2 things to put right.")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Target, %" })).toHaveAttribute("aria-invalid", "true");
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("textbox", { name: "Title" }).fill("Pushed readings");
  await page.getByRole("textbox", { name: "Target, %" }).fill("99.9");
  await page.getByRole("combobox", { name: "One reading covers" }).selectOption("5 minutes");
  await expect(page.getByText(`"objective": "${name}"`)).toBeVisible();
  await accessible(page);
  await fitsItsWidth(page);
  await page.getByRole("button", { name: "Make the objective" }).click();
  await expect(page).toHaveURL(new RegExp(`/objectives/${name}$`));
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Pushed readings is not measured");
  await measured(house, name, "nobody");
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/^Pushed readings is .+ over budget\./);
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Target, %" }).fill("99");
  const preview = page.getByRole("group", { name: "By what was measured already" });
  await expect(preview.getByRole("listitem").nth(1)).toContainText(/99 %.*left/);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/^Pushed readings has .+ left/);
});

/** What a button saves, as bytes. */
async function saved(page: Page, press: () => Promise<void>): Promise<{ name: string; bytes: Buffer }> {
  const coming = page.waitForEvent("download");
  await press();
  const download = await coming;
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

test("a chart is saved as CSV, as a drawing and as a picture", async ({ as, house }) => {
  const page = await as("viewer");
  await looked(house, page);
  const budget = region(page, "Budget left");
  await expect(budget.getByRole("img")).toBeVisible();
  const save = (kind: string) => saved(page, () => budget.getByRole("button", { name: `Save Budget left as ${kind}` }).click());
  const csv = await save("CSV");
  expect(csv.name).toBe("budget-left.csv");
  const lines = csv.bytes.toString("utf8").trim().split(/\r?\n/);
  expect(lines[0]).toContain("at,kind,left_ratio,note");
  expect(lines.length).toBeGreaterThan(200);
  expect(lines.some(line => line.includes("incident"))).toBe(true);
  const svg = await save("SVG");
  expect(svg.name).toBe("budget-left.svg");
  // It stands alone: well-formed, with its own colours, and its words are words.
  const drawing = await page.evaluate(text => {
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
    return { fault: parsed.querySelector("parsererror")?.textContent ?? "", root: parsed.documentElement.nodeName, title: parsed.querySelector("title")?.textContent ?? "", strokes: parsed.querySelectorAll("path[stroke]").length };
  }, svg.bytes.toString("utf8"));
  expect(drawing).toMatchObject({ fault: "", root: "svg" });
  expect(drawing.title).toMatch(/^Checkout is/);
  expect(drawing.strokes).toBeGreaterThan(0);
  const png = await save("PNG");
  expect(png.name).toBe("budget-left.png");
  expect([...png.bytes.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const wide = (await budget.getByRole("img").boundingBox())?.width ?? 0;
  expect(Math.abs(png.bytes.readUInt32BE(16) - 2 * wide)).toBeLessThan(4);
  expect(png.bytes.length).toBeGreaterThan(5_000);
});

test("a chart is looked at from closer by, with keys and with buttons", async ({ as, house }) => {
  const page = await as("viewer");
  await looked(house, page);
  const budget = region(page, "Budget left");
  const picture = budget.getByRole("img");
  await expect(picture).toBeVisible();
  const zoom = budget.getByRole("group", { name: "How close" });
  const button = (name: string) => zoom.getByRole("button", { name, exact: true });
  await expect(button("Closer")).toBeEnabled();
  await expect(button("All of it")).toBeDisabled();
  const axis = () => picture.locator("text[data-tone=axis]").allTextContents();
  const whole = await axis();
  const chart = budget.getByRole("group", { name: /arrow keys/ });
  await chart.focus();
  // What is marked stays in sight.
  await page.keyboard.press("2");
  const marked = await budget.locator(".chart__said").innerText();
  for (let n = 0; n < 4; n += 1) await page.keyboard.press("+");
  await expect(budget.locator(".chart__said")).toContainText("Card payments fail in the EU");
  expect(marked).toContain("Card payments fail in the EU");
  expect(await axis()).not.toEqual(whole);
  await expect(picture.locator("[data-role=now]")).toHaveCount(0);
  await expect(budget.locator("[aria-live]")).toContainText(/^From \d/);
  const near = await axis();
  await page.keyboard.press("PageUp");
  await expect.poll(axis).not.toEqual(near);
  await page.keyboard.press("PageDown");
  await expect.poll(axis).toEqual(near);
  await page.keyboard.press("0");
  await expect.poll(axis).toEqual(whole);
  await expect(chart).toBeFocused();
  await button("Closer").click();
  await expect.poll(axis).not.toEqual(whole);
  await button("The time after").click();
  await expect(button("The time after")).toBeDisabled();
  await accessible(page);
  await fitsItsWidth(page);
  await button("Further away").click();
  await expect.poll(axis).toEqual(whole);
  if (test.info().project.name === "phone") {
    const size = await button("Closer").boundingBox();
    expect(Math.min(size!.width, size!.height)).toBeGreaterThanOrEqual(44);
  }
});

test("a chart follows its box, not the window alone", async ({ as, house }) => {
  const page = await as("viewer");
  await looked(house, page);
  const picture = region(page, "Budget left").getByRole("img");
  const before = Number(await picture.getAttribute("width"));
  const place = region(page, "Budget left").locator(".chart");
  await place.evaluate(element => element.style.setProperty("inline-size", `${element.clientWidth - 80}px`));
  await expect.poll(async () => Number(await picture.getAttribute("width"))).toBe(before - 80);
});

test("what came back names its incident, and what is measured anew has a mark", async ({ as, house }) => {
  const page = await as("commander");
  const { name } = await looked(house, page);
  const budget = region(page, "Budget left");
  const { service } = await house.rest<{ service: string }>("GET", `/api/v1/slos/${name}`);
  const began = new Date(Math.floor(Date.now() / SLICE) * SLICE - 36 * DAY);
  const ended = new Date(began.getTime() + 60 * MINUTE);
  await house.rest("POST", "/api/v1/import/incidents", [
    { origin: "past", id: `${name}-gone`, title: "Cards were slow", severity: "SEV3", services: [service], started_at: began.toISOString(), detected_at: began.toISOString(), mitigated_at: ended.toISOString(), resolved_at: ended.toISOString() },
  ]);
  await page.reload();
  await isRunning(page);
  await budget.getByRole("button", { name: "Table" }).click();
  await expect(budget.getByRole("table").getByRole("row").filter({ hasText: /\+\d+ points, INC-\d+ of \d+ \w+ left/ })).toHaveCount(1);
  await budget.getByRole("button", { name: "Chart", exact: true }).click();
  await expect(budget.locator("[data-role=anew]")).toHaveCount(0);
  await page.goto(`/objectives/${name}/edit`);
  await isRunning(page);
  await page.getByRole("combobox", { name: "One reading covers" }).selectOption("1 minute");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText(/Readings began anew/)).toBeVisible();
  await expect(budget.locator("[data-role=anew]")).toHaveCount(1);
});

test("silence counts as bad where the form says so", async ({ as, house }) => {
  const page = await as("commander");
  const name = `silent-${unique()}`;
  await house.rest("POST", "/api/v1/slos", { name, target: "99 %", window: "7d", source: "to-come", indicator: { kind: "probe", query: "up" } });
  const kept = async () => (await house.rest<{ indicator: object }>("GET", `/api/v1/slos/${name}`)).indicator;
  await page.goto(`/objectives/${name}/edit`);
  await isRunning(page);
  const silence = page.getByRole("checkbox", { name: "A slice for which the source answers and has no sample is bad, not a gap" });
  await expect(silence).not.toBeChecked();
  await silence.check();
  // It is time that is bad, so events are refused beside the method.
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText(/An absent series is bad where slices are counted/).first()).toBeVisible();
  await house.rest("PATCH", `/api/v1/slos/${name}`, { method: "timeslices", indicator: { kind: "probe", query: "up", absent_is_bad: true } });
  await page.reload();
  await isRunning(page);
  await expect(silence).toBeChecked();
  await silence.uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await expect.poll(kept).toEqual({ kind: "probe", query: "up" });
});

test("whoever may not make one is told why", async ({ as }) => {
  const page = await as("viewer");
  await page.goto("/new-objective");
  await isRunning(page);
  await expect(page.getByText("change objectives and what is left out of them")).toBeVisible();
});

test("the chart is walked by the keyboard, and its table says the same", async ({ as, house }) => {
  const page = await as("viewer");
  await looked(house, page);
  const budget = region(page, "Budget left");
  await expect(budget.getByRole("img")).toBeVisible();
  const chart = budget.getByRole("group", { name: /arrow keys/ });
  await chart.focus();
  await page.keyboard.press("1");
  await expect(budget.locator(".chart__said")).toContainText("incident 1, Gateway answers late");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await expect(budget.locator(".chart__said")).toContainText("percent left");
  await page.keyboard.press("Escape");
  await expect(budget.locator(".chart__said")).toContainText(/^Checkout is/);
  const numbers = await region(page, "What spent it").getByRole("listitem").allInnerTexts();
  // The objective's own burn alert may have opened one more meanwhile.
  expect(numbers.slice(0, 3).map(words => /Gateway|EU|at checkout/.exec(words)?.[0])).toEqual(["Gateway", "EU", "at checkout"]);
  await budget.getByRole("button", { name: "Table" }).click();
  const table = budget.getByRole("table");
  await expect(table.getByRole("row").filter({ hasText: "incident 2, Card payments fail in the EU" })).toHaveCount(1);
  await expect(table.getByRole("row").filter({ hasText: "not measured for" }).first()).toBeVisible();
  await expect(table.getByRole("row").filter({ hasText: "forecast" })).toHaveCount(1);
});

test("what-if is computed here while it is dragged, and stands in the address", async ({ as, house }) => {
  const page = await as("viewer");
  await looked(house, page);
  const panel = region(page, "What if");
  const rows = panel.getByRole("listitem");
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText("As it is");
  const sentence = await page.getByRole("heading", { level: 1 }).innerText();
  const over = /is (.+ over) budget/.exec(sentence)?.[1] ?? "?";
  await expect(rows.first()).toContainText(over);
  const asked: string[] = [];
  page.on("request", request => {
    if (/objectives|slos/.test(request.url())) asked.push(request.url());
  });
  const slider = panel.getByRole("slider", { name: "Each incident detected earlier by" });
  await slider.focus();
  for (let n = 0; n < 5; n += 1) await page.keyboard.press("ArrowRight");
  await expect(rows).toHaveCount(2);
  await expect(rows.nth(1)).toContainText("Detected 5 min earlier");
  await panel.getByRole("button", { name: "99.95 %" }).click();
  await expect(rows).toHaveCount(4);
  await expect(rows.nth(3)).toContainText("Both, as set");
  expect(asked).toEqual([]);
  await expect(page).toHaveURL(/detected=5.*target=99\.95/);
  await page.reload();
  await isRunning(page);
  await expect(rows).toHaveCount(4);
  await panel.getByRole("button", { name: "Reset" }).click();
  await expect(rows).toHaveCount(1);
  await expect(page).not.toHaveURL(/detected/);
});

test("time that is left out changes what counts and not what was", async ({ as, house }) => {
  const page = await as("commander");
  await looked(house, page);
  const panel = region(page, "Left out");
  const raw = panel.locator("dd").nth(1);
  const before = await raw.innerText();
  await expect(panel.locator("dd").first()).toHaveText(before);
  await panel.getByRole("button", { name: "Leave time out" }).click();
  const sheet = page.getByRole("dialog", { name: "Leave time out" });
  const field = (at: number) => new Date(at).toISOString().slice(0, 16);
  await sheet.getByLabel("From, UTC").fill(field(Date.now() - 3 * 60 * MINUTE));
  await sheet.getByLabel("To, UTC").fill(field(Date.now() - MINUTE));
  await sheet.getByRole("button", { name: "Leave it out" }).click();
  await expect(sheet.getByText(/reason has 1 to/)).toBeVisible();
  await sheet.getByRole("textbox", { name: "Why" }).fill("The payment provider was down");
  await accessible(page);
  await sheet.getByRole("button", { name: "Leave it out" }).click();
  await expect(panel.getByText("The payment provider was down")).toBeVisible();
  await expect(panel.locator("dd").first()).not.toHaveText(before);
  await expect(raw).toHaveText(before);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("left");
  await panel.getByRole("button", { name: "Count it again" }).click();
  await panel.getByRole("button", { name: "Really count it" }).click();
  await expect(panel.locator("dd").first()).toHaveText(before);
});

test("time that is left out is ended now, and counts from then on", async ({ as, house }) => {
  const page = await as("commander");
  const { name } = await looked(house, page);
  const at = (minutes: number) => new Date(Date.now() + minutes * MINUTE).toISOString();
  await house.rest("POST", "/api/v1/exclusions", { objective: name, from: at(-90), to: at(600), reason: "Maintenance of the gateway" });
  await house.rest("POST", "/api/v1/exclusions", { objective: name, from: at(600), to: at(660), reason: "Maintenance to come" });
  await page.reload();
  const panel = region(page, "Left out");
  const row = panel.getByRole("listitem").filter({ hasText: "Maintenance of the gateway" });
  await expect(panel.getByRole("listitem").filter({ hasText: "Maintenance to come" }).getByRole("button", { name: "End now" })).toHaveCount(0);
  await row.getByRole("button", { name: "End now" }).click();
  await expect(row.getByText("From now on time counts again")).toBeVisible();
  await accessible(page);
  await row.getByRole("button", { name: "Really end it" }).click();
  await expect(row.getByRole("button", { name: "End now" })).toHaveCount(0);
  await expect(row).toContainText("1 h 30 min");
  const { items } = await house.rest<{ items: { reason: string; to: string }[] }>("GET", `/api/v1/exclusions?objective=${name}`);
  expect(Date.parse(items.find(item => item.reason === "Maintenance of the gateway")?.to ?? "")).toBeLessThanOrEqual(Date.now() + 5_000);
});

test("the number is explained to the digit", async ({ as, house }) => {
  const page = await as("viewer");
  const { name } = await looked(house, page);
  await page.getByRole("button", { name: "Explain this number" }).click();
  const sheet = page.getByRole("dialog", { name: "Explain this number" });
  await expect(sheet.getByText(`tocsin slo explain ${name} --at`)).toBeVisible();
  await expect(sheet.getByText("allowed = total × (1 − 0.999)")).toBeVisible();
  const { inputs, left } = await house.rest<{ inputs: { label: string; value: string }[]; left: string }>("GET", `/api/v1/slos/${name}/explain`);
  await expect(sheet.getByText(left).first()).toBeVisible();
  for (const { value } of inputs) await expect(sheet.getByText(value, { exact: true }).first()).toBeVisible();
  await accessible(page);
  await page.keyboard.press("Escape");
  await expect(sheet).toHaveCount(0);
});

test("a release that the gate refuses is allowed with a reason, and ended", async ({ as, house }) => {
  const page = await as("commander");
  await looked(house, page);
  const gate = region(page, "May we release?");
  await expect(gate).toContainText("No");
  await gate.getByRole("button", { name: "Release nevertheless…" }).click();
  const sheet = page.getByRole("dialog");
  await sheet.getByRole("textbox", { name: "Why" }).fill("It is the fix");
  await sheet.getByRole("button", { name: "Allow releases" }).click();
  await expect(gate).toContainText("Yes, by decision");
  await expect(gate).toContainText("It is the fix");
  await gate.getByRole("button", { name: "End the override" }).click();
  await expect(gate.getByRole("button", { name: "Release nevertheless…" })).toBeVisible();
});

test("an admin adds a data source that does not answer, and sees so", async ({ as, house }) => {
  const page = await as("admin");
  await page.goto("/settings/data-sources");
  await isRunning(page);
  await page.getByRole("button", { name: "New data source" }).click();
  const name = `prom-${unique()}`;
  const form = page.getByRole("form", { name: "New data source" });
  await form.getByRole("textbox", { name: "Name", exact: true }).fill(name);
  await form.getByRole("textbox", { name: "Address" }).fill("http://127.0.0.1:9");
  await form.getByRole("combobox", { name: "How it knows us" }).selectOption("bearer");
  await form.getByLabel("Token").fill("a-secret-of-ours");
  await accessible(page);
  await fitsItsWidth(page);
  await form.getByRole("button", { name: "Save" }).click();
  const card = page.getByRole("listitem").filter({ hasText: name });
  await expect(card).toContainText("knows us by a token");
  await expect(card.getByRole("status").first()).not.toContainText("It answers");
  expect(await page.content()).not.toContain("a-secret-of-ours");
  await card.getByRole("button", { name: "Remove" }).click();
  await card.getByRole("button", { name: "Really remove it" }).click();
  await expect(card).toHaveCount(0);
  const { items } = await house.rest<{ items: { name: string }[] }>("GET", "/api/v1/data-sources");
  expect(items.map(source => source.name)).not.toContain(name);
});

test("nothing sticks out, and axe finds nothing", async ({ as, house }, { project }) => {
  const page = await as("commander");
  const { name } = await looked(house, page);
  await expect(region(page, "Burn rates").getByRole("img")).toBeVisible();
  await region(page, "What if").getByText("More: it goes on").click();
  await accessible(page);
  await fitsItsWidth(page);
  if (process.env.TOCSIN_SCREENS) {
    await page.goto(`/objectives/${name}?detected=5&target=99.95`);
    await expect(region(page, "Burn rates").getByRole("img")).toBeVisible();
    const shot = async (what: string, fullPage = true) => {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `${process.env.TOCSIN_SCREENS}/${what}-${project.name}-${colorScheme}.png`, fullPage });
      }
    };
    await shot("objective");
    await page.getByRole("button", { name: "Explain this number" }).click();
    await expect(page.getByText("Check it yourself")).toBeVisible();
    await shot("explain", false);
    await page.goto("/objectives");
    await expect(page.getByRole("table", { name: /worst first/ })).toBeVisible();
    await shot("objectives", false);
    await page.goto(`/objectives/${name}/edit`);
    await expect(page.getByRole("group", { name: "By what was measured already" })).toBeVisible();
    await shot("form");
  }
});
