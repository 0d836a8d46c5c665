// The debug board on a small scripted shop, sent as OTLP, in which one service breaks.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { accessible, expect, fitsItsWidth, test, unique, type House, type Page } from "./house";

const MINUTE = 60_000;

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: { code: number; message?: string };
  attributes: { key: string; value: { stringValue: string } }[];
}

let spans = 0;
const hex = (n: number, digits: number) => n.toString(16).padStart(digits, "0");

/** Names of this shop only: other tests of the same house have their own. */
interface Shop {
  web: string;
  ios: string;
  checkout: string;
  payments: string;
  provider: string;
}

/**
 * Forty minutes of calls: web and ios call checkout, which calls payments, which calls a provider.
 * In the last twelve minutes a third of what payments asks of the provider fails after two seconds.
 */
async function shop(house: House): Promise<Shop & { broke: number }> {
  const run = unique();
  const names: Shop = { web: `w-${run}`, ios: `i-${run}`, checkout: `c-${run}`, payments: `p-${run}`, provider: `b-${run}` };
  const key = await house.integration("otlp");
  const now = Math.floor(Date.now() / MINUTE) * MINUTE;
  const broke = now - 12 * MINUTE;
  const groups = new Map<string, Span[]>();
  const seed = spans;
  const add = (service: string, trace: string, parent: string, name: string, kind: number, from: number, took: number, failed: boolean) => {
    const spanId = hex(++spans + 0x1000, 16);
    const nano = (ms: number) => `${BigInt(Math.round(ms * 1000)) * 1000n}`;
    const list = groups.get(service) ?? [];
    groups.set(service, list);
    list.push({
      traceId: trace,
      spanId,
      ...(parent ? { parentSpanId: parent } : {}),
      name,
      kind,
      startTimeUnixNano: nano(from),
      endTimeUnixNano: nano(from + took),
      status: failed ? { code: 2, message: "time-out" } : { code: 0 },
      attributes: [{ key: "deployment.region", value: { stringValue: spans % 2 ? "eu" : "us" } }],
    });
    return spanId;
  };
  for (let minute = 0; minute < 40; minute++) {
    for (let call = 0; call < 30; call++) {
      const at = now - (40 - minute) * MINUTE + call * 1900;
      const trace = hex(seed * 7919 + minute * 100 + call + 1, 32);
      const failed = at >= broke && call % 3 === 0;
      const wait = failed ? 2000 : 60 + ((call * 37 + minute * 11) % 50);
      const root = add(call % 3 === 2 ? names.ios : names.web, trace, "", "POST /pay", 2, at, wait + 40, failed);
      const ask = add(call % 3 === 2 ? names.ios : names.web, trace, root, "POST", 3, at + 5, wait + 30, failed);
      const served = add(names.checkout, trace, ask, "POST /checkout", 2, at + 6, wait + 25, failed);
      const pay = add(names.checkout, trace, served, "POST", 3, at + 10, wait + 15, failed);
      const paid = add(names.payments, trace, pay, "POST /charge", 2, at + 11, wait + 12, failed);
      const charge = add(names.payments, trace, paid, "POST", 3, at + 15, wait + 5, failed);
      if (!failed) add(names.provider, trace, charge, "POST /v1/charge", 2, at + 16, wait, false);
      else add(names.provider, trace, charge, "POST /v1/charge", 2, at + 16, wait, true);
    }
  }
  const resourceSpans = [...groups].map(([service, list]) => ({
    resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
    scopeSpans: [{ spans: list }],
  }));
  const answer = await fetch(`${house.url}/v1/traces`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans }),
  });
  expect(answer.status, await answer.text()).toBe(200);
  return { ...names, broke };
}

/** The board over the last minutes, against those before it broke. */
async function open(page: Page, query: string): Promise<void> {
  await page.goto(`/debug?${query}`);
  await expect(page.getByRole("heading", { level: 1 })).not.toHaveText(/Looking for/);
}

/** The choices of the time bar, which a phone opens first. */
async function choices(page: Page, phone: boolean): Promise<void> {
  if (phone) await page.getByRole("button", { name: "Change" }).click();
}

/** Opens panels that a phone keeps closed. */
async function panels(page: Page, ...titles: string[]): Promise<void> {
  await page.getByRole("button", { name: "6 more panels" }).click();
  const more = page.getByRole("group", { name: "More panels" });
  await expect(more.getByRole("button", { expanded: false })).toHaveCount(6);
  for (const title of titles) await more.getByRole("button", { name: title, exact: true }).click();
}

test("the sentence names the disturbed service, and one selection moves the panels", async ({ as, house }, info) => {
  const phone = info.project.name === "phone";
  const { provider, payments, checkout } = await shop(house);
  const page = await as("responder");
  await open(page, "last=15");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/\b[bp]-\w+/);
  await expect(page.getByRole("button", { name: "What was compared" })).toBeVisible();
  await page.getByRole("button", { name: "What was compared" }).click();
  await expect(page.getByRole("dialog", { name: "What was compared" }).getByRole("row").nth(1)).toBeVisible();
  await page.keyboard.press("Escape");

  await choices(page, phone);
  await page.getByRole("combobox", { name: "Service" }).selectOption(payments);
  await expect(page).toHaveURL(new RegExp(`service=${payments}`));
  await expect(page.getByRole("button", { name: `Without service ${payments}` })).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(new RegExp(`${provider}|${payments}`));
  const callers = page.getByRole("region", { name: "Top callers" });
  // Of all pairs one is left once the answer is there.
  await expect(callers.getByRole("rowheader", { name: checkout })).toHaveCount(1);

  // Without a mouse: walk to a cell, select beside it, and the callers say that they are of it.
  const heat = page.getByRole("group", { name: /^Latency over time/ });
  await heat.focus();
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("Shift+ArrowUp");
  await expect(page).toHaveURL(/sel_from=.*sel_to=.*sel_min=/);
  await expect(callers.getByRole("button", { name: /^Without the selection/ })).toBeVisible();
  await expect(callers.getByText("updating")).toBeHidden();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/from=.*&to=/);
  await expect(page).not.toHaveURL(/sel_from/);
  await page.goBack();

  if (phone) await panels(page, "Errors by operation");
  const errors = page.getByRole("region", { name: /^Errors by/ });
  await errors.getByRole("button", { name: "Errors as a table" }).click();
  await expect(errors.getByRole("table")).toContainText("POST /charge");
  await fitsItsWidth(page);
});

test("an incident opens its own time, and takes the sentence as evidence", async ({ as, house }, info) => {
  const { broke, payments } = await shop(house);
  const incident = await house.declare({ title: "Payments time out", severity: "SEV1", services: [payments], started_at: new Date(broke).toISOString() });
  await house.command(incident.id, { command: "set_impact", impact: [{ from: new Date(broke).toISOString() }] });
  const page = await as("responder");
  await page.goto(`/incidents/${incident.ref}`);
  await page.getByRole("main").getByRole("link", { name: "Debug" }).click();
  await expect(page).toHaveURL(new RegExp(`/debug\\?incident=${incident.ref}`));
  await expect(page.getByText("locked to")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/^Since \d\d:\d\d[:,] /);
  await page.getByRole("button", { name: `Pin to ${incident.ref}` }).click();
  await expect(page.getByText(`Pinned to the timeline of ${incident.ref}.`)).toBeVisible();
  await expect.poll(async () => (await house.timeline(incident.id)).some(entry => /calls against/.test(entry.text))).toBe(true);
  await choices(page, info.project.name === "phone");
  await page.getByRole("button", { name: "Unlock" }).click();
  await expect(page).toHaveURL(/from=.*to=/);
  await expect(page.getByText("locked to")).toBeHidden();
});

test("the board is for everybody, in both themes", async ({ as, house }, info) => {
  const phone = info.project.name === "phone";
  const { broke } = await shop(house);
  const incident = await house.declare({ title: "Payments time out", severity: "SEV1", started_at: new Date(broke).toISOString() });
  await house.command(incident.id, { command: "set_impact", impact: [{ from: new Date(broke).toISOString() }] });
  const page = await as("responder");
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await open(page, `incident=${incident.ref}`);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(/^Since \d\d:\d\d[:,] /);
    if (phone) await panels(page, "Now against baseline", "Errors by service", "Dependencies", "Traces", "What changed", "Over-represented");
    await expect(page.getByRole("region", { name: /^Errors by/ })).toBeVisible();
    await fitsItsWidth(page);
    await accessible(page);
    const folder = process.env.TOCSIN_SHOTS;
    if (folder) {
      mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: join(folder, `debug-${info.project.name}-${scheme}.png`), fullPage: true });
    }
  }
});

test("on a phone the bar under the thumb covers nothing", { tag: "@phone" }, async ({ as, house }) => {
  const { broke, payments } = await shop(house);
  const incident = await house.declare({ title: "Payments time out", severity: "SEV1", services: [payments], started_at: new Date(broke).toISOString() });
  await house.command(incident.id, { command: "set_impact", impact: [{ from: new Date(broke).toISOString() }] });
  const page = await as("responder");
  await open(page, `incident=${incident.ref}`);
  const pin = page.getByRole("button", { name: `Pin to ${incident.ref}` });
  const more = page.getByRole("button", { name: "6 more panels" });
  const lowest = await page.getByText(/^Kept for /).elementHandle();
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  const [end, bar, other, rail] = await Promise.all([lowest?.boundingBox(), pin.boundingBox(), more.boundingBox(), page.getByRole("navigation").first().boundingBox()]);
  expect(end && bar && end.y + end.height, "the last words stand above the bar").toBeLessThanOrEqual(bar?.y ?? 0);
  for (const target of [bar, other]) expect(target?.height).toBeGreaterThanOrEqual(44);
  expect(bar && rail && bar.y + bar.height, "and the bar above the navigation").toBeLessThanOrEqual(rail?.y ?? 0);
  await panels(page, "Dependencies");
  await expect(page.getByRole("region", { name: "Dependencies", exact: true }).getByRole("table")).toContainText(payments);
  await page.getByRole("button", { name: "Fewer panels" }).click();
  await expect(page.getByRole("region", { name: "Dependencies", exact: true })).toBeHidden();
  await fitsItsWidth(page);
});

test("what is not to be believed is said where it would be read", async ({ as, house }, info) => {
  const { payments } = await shop(house);
  const key = await house.integration("otlp");
  const now = Math.floor(Date.now() / MINUTE) * MINUTE;
  const at = (minute: number) => `${BigInt(now - (30 - minute) * MINUTE) * 1_000_000n}`;
  const gauge = (name: string, minutes: number, value: number) => ({
    name,
    gauge: { dataPoints: Array.from({ length: minutes }, (_, minute) => ({ timeUnixNano: at(minute), asDouble: value })) },
  });
  const answer = await fetch(`${house.url}/v1/metrics`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      resourceMetrics: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: payments } }, { key: "service.instance.id", value: { stringValue: `${payments}-1` } }] },
          scopeMetrics: [{ metrics: [gauge("process.cpu.utilization", 30, 0), gauge("process.memory.usage", 12, 3e8), gauge("queue.depth", 30, 0)] }],
        },
      ],
    }),
  });
  expect(answer.status, await answer.text()).toBe(200);
  const page = await as("viewer");
  await open(page, `last=60&service=${payments}`);
  const note = page.getByRole("note").filter({ hasText: "process.cpu.utilization" }).first();
  await expect(note).toContainText(`process.cpu.utilization of ${payments}-1 (${payments}) is constant zero, 30 readings; it is not compared.`);
  await expect(note).toContainText(new RegExp(`process.memory.usage of ${payments}-1 .* is not reported since \\d\\d:\\d\\d`));
  await expect(note, "a queue may be empty").not.toContainText("queue.depth");
  if (info.project.name === "desk") await expect(page.getByRole("region", { name: "Over-represented" }).getByText("Suspect:").first()).toBeVisible();
  await fitsItsWidth(page);
});

test("two taps select, and a sheet says what a cell holds", { tag: "@phone" }, async ({ as, house }) => {
  await shop(house);
  const page = await as("viewer");
  // What is said above the picture comes after it.
  const said = Promise.all(["suspects", "differences"].map(what => page.waitForResponse(new RegExp(`telemetry/${what}`))));
  await open(page, "last=15");
  await said;
  const heat = page.getByRole("group", { name: /^Latency over time/ });
  await heat.evaluate(element => element.scrollIntoView({ block: "center" }));
  const box = await heat.boundingBox();
  expect(box).not.toBeNull();
  if (!box) return;
  await page.touchscreen.tap(box.x + box.width * 0.7, box.y + box.height * 0.35);
  await expect(page.getByText("First corner. Tap the opposite one to select.")).toBeVisible();
  const next = await page.getByRole("button", { name: "Next cell" }).boundingBox();
  expect(next?.height).toBeGreaterThanOrEqual(44);
  await page.touchscreen.tap(box.x + box.width * 0.9, box.y + box.height * 0.6);
  await expect(page).toHaveURL(/sel_from=/);
  await fitsItsWidth(page);
});
