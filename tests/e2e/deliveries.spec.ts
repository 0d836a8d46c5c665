// What senders sent and what became of it, the tester, the changes, and the record taken along.
import { readFileSync } from "node:fs";
import { accessible, expect, fitsItsWidth, test, unique, type House, type Page } from "./house";
import { IncidentPage } from "./screens";

interface Made {
  id: string;
  token: string;
  name: string;
}

const ATTACKS = ["<script>window.hurt = 1</script>", "<img src=x onerror=\"window.hurt = 1\">", "</code></pre><svg onload=\"window.hurt = 1\">", "\"><iframe srcdoc=\"<script>parent.hurt = 1</script>\">", "\u202Etxet desrever"];

const made = (house: House, source: string): Promise<Made> => house.rest("POST", "/api/v1/integrations", { source, name: `${source} ${unique()}` });
const send = (house: House, path: string, body: string) => fetch(`${house.url}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body });

/** The line of a delivery in the list. */
const line = (page: Page, text: string | RegExp) => page.getByRole("list", { name: /^Deliveries/ }).getByRole("listitem").filter({ hasText: text });

async function change(house: House, key: string, service: string, summary: string, links: { href: string; text: string }[] = []): Promise<void> {
  const timestamp = new Date(Date.now() - 60_000).toISOString();
  const answer = await send(house, "/v2/change/enqueue", JSON.stringify({ routing_key: key, payload: { summary, timestamp, source: service, custom_details: { service } }, links }));
  expect(answer.status).toBe(202);
}

test("a refused delivery says why, shows its body as text, and can be tried again", async ({ as, house }) => {
  const integration = await made(house, "generic");
  expect((await send(house, `/hooks/generic/${integration.token}`, `{"title": "${unique()} disk", "severity": "critical", "service": "disks"}`)).ok).toBe(true);
  expect((await send(house, `/hooks/generic/${integration.token}`, `not json ${ATTACKS.join(" ")}`)).status).toBe(400);
  const page = await as("admin");
  await page.goto(`/settings/deliveries?integration=${integration.id}`);
  await expect(line(page, "Accepted")).toContainText("1 incident opened");
  await page.getByRole("button", { name: "Refused", exact: true }).click();
  await expect(page).toHaveURL(/verdict=refused/);
  await expect(line(page, "Accepted")).toHaveCount(0);
  const refused = line(page, integration.name);
  await refused.locator("summary").click();
  for (const attack of ATTACKS.slice(0, 4)) await expect(refused.getByLabel("What was sent")).toContainText(attack);
  expect(await page.evaluate(() => "hurt" in window)).toBe(false);
  expect(await page.locator("main script, main iframe, main img[src=x], main svg[onload]").count()).toBe(0);
  await fitsItsWidth(page);
  await accessible(page);

  await refused.getByRole("link", { name: "Try it in the tester" }).click();
  await expect(page.getByRole("textbox", { name: "Payload" })).toHaveValue(/^not json <script>/);
  await page.getByRole("button", { name: "Try it", exact: true }).click();
  await expect(page.getByRole("region", { name: "Would be refused" })).toContainText("Nothing was stored");
  expect(await page.evaluate(() => "hurt" in window)).toBe(false);
  await fitsItsWidth(page);
  await accessible(page);
});

test("a key that nobody knows is noted", async ({ as, house }) => {
  expect((await send(house, `/hooks/generic/nobody-knows-${unique()}`, "{}")).status).toBe(401);
  const page = await as("admin");
  await page.goto("/settings/deliveries");
  await page.getByRole("link", { name: /^Show those/ }).click();
  await expect(page).toHaveURL(/integration=unknown/);
  await expect(line(page, /Unknown key/i).first()).toContainText("401");
});

test("the tester says what would become of a payload, and stores nothing", async ({ as, house }) => {
  const integration = await made(house, "generic");
  const page = await as("admin");
  await page.goto(`/settings/tester?integration=${integration.id}`);
  await expect(page.getByLabel("As if it came from").locator("option:checked")).toHaveText(new RegExp(integration.name));
  const title = `Queue is full ${unique()}`;
  await page.getByRole("textbox", { name: "Payload" }).fill(JSON.stringify({ title, severity: "critical", service: `queue-${unique()}` }));
  await page.getByRole("button", { name: "Try it", exact: true }).click();
  const found = page.getByRole("region", { name: /^Would be accepted: 1 alert, 1 new incident$/ });
  await expect(found).toContainText("Nothing was stored");
  await expect(found).toContainText(title);
  await expect(found).toContainText("in new incident 1");
  await found.getByText("As it was read").click();
  await fitsItsWidth(page);
  await accessible(page);
  const { items } = await house.rest<{ items: { title: string }[] }>("GET", "/api/v1/incidents?limit=500");
  expect(items.filter(incident => incident.title.includes(title))).toEqual([]);

  await page.getByLabel("As if it came from").selectOption({ label: "Prometheus Alertmanager, by itself" });
  await page.getByRole("button", { name: "Start from the example" }).click();
  await page.getByRole("button", { name: "Try it", exact: true }).click();
  // A source by itself is judged as its only integration is; where others run beside, one may be there.
  await expect(page.getByRole("region", { name: /^Would be accepted: 1 alert/ })).toContainText(
    /as if a new integration|by the settings and the alerts of alertmanager/,
  );
});

test("what changed just before stands on the incident, and among the changes", async ({ as, house }) => {
  const key = (await made(house, "pagerduty_events")).token;
  const service = `checkout-${unique()}`;
  const links = [{ href: "https://ci.example.com/1", text: "Build" }, { href: "javascript:window.hurt=1", text: "Bad" }];
  await change(house, key, service, `Deploy of ${service} <img src=x onerror="window.hurt = 1">`, links);
  const { incident } = await house.firing({ service });
  const page = await as("responder");
  await IncidentPage.open(page, incident);
  const before = page.locator("details").filter({ hasText: "What changed just before" });
  await expect(before).toContainText("1 change in the 2 h before");
  await before.locator("summary").click();
  await expect(before).toContainText(`Deploy of ${service} <img`);
  await expect(before.getByRole("link", { name: "Build" })).toBeVisible();
  await expect(before.getByRole("link", { name: "Bad" })).toHaveCount(0);
  await accessible(page);

  await before.getByRole("link", { name: /^Changes of every service/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Changes" })).toBeVisible();
  await page.getByRole("button", { name: "Show the last week instead" }).click();
  await page.getByLabel("Service").fill(service);
  await page.getByLabel("Service").press("Enter");
  await expect(page).toHaveURL(new RegExp(`service=${service}`));
  await expect(page.getByRole("list", { name: /^Changes/ }).getByRole("listitem")).toHaveCount(1);
  expect(await page.evaluate(() => "hurt" in window)).toBe(false);
  await fitsItsWidth(page);
  await accessible(page);
});

test("an incident without reported changes says so", async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("responder");
  await IncidentPage.open(page, incident);
  const before = page.locator("details").filter({ hasText: "What changed just before" });
  await before.locator("summary").click();
  await expect(before).toContainText("was reported in the 2 h before it began");
});

test("the server says that its record holds, and the record can be taken along", async ({ as, house }) => {
  const incident = await house.declare({ title: `For the auditor ${unique()}`, severity: "SEV3" });
  const page = await as("responder");
  const screen = await IncidentPage.open(page, incident);
  const found = screen.timeline.getByText(/^On the server all \d+ entries hold$/);
  await found.click();
  await expect(screen.timeline.getByText(/stands? as recorded/)).toBeVisible();
  await screen.timeline.getByText("Export", { exact: true }).click();
  await expect(screen.timeline.getByText("tocsin verify FILE")).toBeVisible();
  await accessible(page);
  for (const [name, beginning] of [["Markdown", "#"], ["CSV", /^seq|^"?\w+/], ["JSON", "{"], ["Bundle", "{"]] as const) {
    const [download] = await Promise.all([page.waitForEvent("download"), screen.timeline.getByRole("link", { name, exact: true }).click()]);
    const text = readFileSync(await download.path(), "utf8");
    expect(text).toMatch(beginning instanceof RegExp ? beginning : new RegExp(`^\\${beginning}`));
    expect(download.suggestedFilename()).toContain(incident.ref);
  }
  await expect(page.getByRole("heading", { level: 1, name: new RegExp(incident.title) })).toBeVisible();
});
