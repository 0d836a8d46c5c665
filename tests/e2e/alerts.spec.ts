// All alerts: what fires first of all, narrowed by the address, each with a way to its service and its incident.
import { accessible, expect, fitsItsWidth, test, unique, type House, type Page } from "./house";
import { IncidentPage, isRunning } from "./screens";

/** Alerts of one word that nobody else uses: two in incidents, one for information, one that is over. */
async function sent(house: House): Promise<{ word: string; send: (alert: Record<string, unknown>) => Promise<void> }> {
  const word = unique();
  const token = await house.integration("generic");
  const send = async (alert: Record<string, unknown>) => {
    const answer = await fetch(`${house.url}/hooks/generic/${token}`, { method: "POST", body: JSON.stringify({ labels: { team: word, ...(alert.labels as object) }, ...alert }) });
    expect(answer.ok).toBe(true);
  };
  await send({ title: `Cards fail ${word}`, key: `a-${word}`, severity: "critical", labels: { service: `pay-${word}`, team: word }, annotations: { summary: `Cards fail ${word}.` } });
  await send({ title: `Disk full ${word}`, key: `b-${word}`, severity: "error", labels: { service: `store-${word}`, team: word }, annotations: { description: "98 % of /var is used" } });
  await send({ title: `Nightly export is done ${word}`, key: `c-${word}`, severity: "info", labels: { service: `export-${word}`, team: word } });
  for (const status of ["firing", "resolved"]) await send({ title: `Mail waits ${word}`, key: `d-${word}`, severity: "warning", status, labels: { service: `mail-${word}`, team: word } });
  return { word, send };
}

const alerts = (page: Page) => page.getByRole("list", { name: /^Alerts/ }).getByRole("listitem");

/** On a phone most filters wait behind a button, which says how many are set. */
async function openFilters(page: Page, set: number): Promise<void> {
  const button = page.getByRole("button", { name: set === 0 ? "Filters" : `Filters (${set})`, exact: true });
  if ((page.viewportSize()?.width ?? 0) >= 720) return expect(button).toBeHidden();
  await expect(page.getByLabel("Severity", { exact: true })).toBeHidden();
  await button.click();
  await expect(button).toHaveAttribute("aria-expanded", "true");
}

test("what fires is listed with its service, its incident, or why it has none", async ({ as, house }) => {
  const { word } = await sent(house);
  const page = await as("viewer");
  await page.goto(`/alerts?q=${word}`);
  await isRunning(page);
  await expect(page).toHaveTitle("Alerts · Tocsin");
  await expect(alerts(page)).toHaveCount(3);
  await expect(alerts(page).nth(0)).toContainText("Nightly export is done");
  await expect(alerts(page).nth(0)).toContainText("No incident: information is recorded and opens no incident");
  await expect(page.getByRole("button", { name: /^Put into an incident/ }), "a viewer reads only").toHaveCount(0);
  await expect(alerts(page).nth(1)).toContainText("98 % of /var is used");
  // A title that is the description is said once.
  await expect(alerts(page).nth(2).getByText(`Cards fail ${word}`)).toHaveCount(1);
  await expect(alerts(page).nth(2)).toContainText("critical");
  await expect(alerts(page).nth(2)).toContainText("Generic");
  await fitsItsWidth(page);
  await accessible(page);
  await alerts(page).nth(2).getByRole("link", { name: `pay-${word}` }).click();
  await expect(page.getByRole("heading", { level: 1, name: `pay-${word}` })).toBeVisible();
  await page.goBack();
  await alerts(page).nth(2).getByRole("link", { name: /^INC-\d+$/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: new RegExp(`Cards fail ${word}`) })).toBeVisible();
  await expect(page.getByRole("link", { name: `pay-${word}` }).first()).toBeVisible();
});

test("alerts are narrowed by the address, and what is new waits", async ({ as, house }) => {
  const { word, send } = await sent(house);
  const page = await as("viewer");
  await page.goto("/alerts");
  await isRunning(page);
  await page.getByRole("searchbox", { name: "Words in an alert" }).fill(word);
  await expect(page).toHaveURL(new RegExp(`q=${word}`));
  await expect(page.locator(".alerts-page")).toHaveAttribute("aria-busy", "false");
  await expect(alerts(page)).toHaveCount(3);
  await page.getByLabel("State", { exact: true }).selectOption("Resolved");
  await expect(alerts(page)).toHaveCount(1);
  await expect(alerts(page)).toContainText("Mail waits");
  await page.getByLabel("State", { exact: true }).selectOption("Firing");
  await openFilters(page, 0);
  await page.getByLabel("Incident", { exact: true }).selectOption("Without an incident");
  await expect(alerts(page)).toHaveCount(1);
  await expect(page).toHaveURL(new RegExp(`q=${word}&incident=without`));
  await page.reload();
  await expect(alerts(page)).toHaveCount(1);
  await openFilters(page, 1);
  await page.getByLabel("Incident", { exact: true }).selectOption("Incident or none");
  await page.getByLabel("Severity", { exact: true }).selectOption("Warning");
  await expect(page.getByText("No such alert fires")).toBeVisible();
  await fitsItsWidth(page);
  await accessible(page);
  await page.getByRole("link", { name: "Without these filters" }).click();
  await page.getByRole("searchbox", { name: "Words in an alert" }).fill(word);
  await expect(page).toHaveURL(new RegExp(`q=${word}`));
  await expect(page.locator(".alerts-page")).toHaveAttribute("aria-busy", "false");
  await expect(alerts(page)).toHaveCount(3);
  await send({ title: `Late to the list ${word}`, key: `e-${word}`, severity: "error", labels: { service: `pay-${word}`, team: word } });
  await expect(page.getByText("1 new")).toBeVisible();
  await expect(alerts(page)).toHaveCount(3);
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await expect(alerts(page).first()).toContainText("Late to the list");
  // What ended meanwhile does not go on firing here.
  await send({ title: `Cards fail ${word}`, key: `a-${word}`, severity: "critical", status: "resolved", labels: { service: `pay-${word}`, team: word } });
  await expect(alerts(page).filter({ hasText: "Cards fail" })).toContainText("no longer among these");
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox", { name: "Words in an alert" })).toBeFocused();
});

test("the alerts are in the navigation and in the palette", { tag: "@desk" }, async ({ as, house }) => {
  const { word } = await sent(house);
  const page = await as("responder");
  await page.goto("/");
  await isRunning(page);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Alerts" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Alerts" })).toBeVisible();
  // One without an incident is found, too, and leads here.
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Jump to" }).fill(`export is done ${word}`);
  await page.getByRole("option", { name: /without an incident/ }).click();
  await expect(alerts(page)).toHaveCount(1);
});

test("on a phone the alerts are in one's own menu", { tag: "@phone" }, async ({ as }) => {
  const page = await as("responder");
  await page.goto("/");
  await isRunning(page);
  await page.getByRole("button", { name: /profile, sign out/ }).tap();
  await page.getByRole("menuitem", { name: "Alerts" }).tap();
  await expect(page.getByRole("heading", { level: 1, name: "Alerts" })).toBeVisible();
});

test("an alert that was taken out of its incident is found here and put back", async ({ as, house }) => {
  const { incident, alert } = await house.firing();
  const page = await as("responder");
  await IncidentPage.open(page, incident);
  const menu = page.getByRole("button", { name: /^Alert / });
  await menu.click();
  await page.getByRole("menuitem", { name: "Detach from this incident" }).click();
  await expect(menu).toBeHidden();
  await page.goto(`/alerts?q=${alert.service}`);
  await isRunning(page);
  await expect(alerts(page)).toHaveCount(1);
  await expect(alerts(page)).toContainText("No incident: somebody took it out of its incident");
  await alerts(page).getByRole("button", { name: /^Put into an incident/ }).click();
  const dialog = page.getByRole("dialog", { name: "Put it into an incident" });
  await accessible(page);
  await dialog.getByLabel("It belongs to").selectOption({ label: `${incident.ref} ${incident.title}` });
  await dialog.getByRole("button", { name: "Put it there" }).click();
  await expect(dialog).toBeHidden();
  await expect(alerts(page).getByRole("link", { name: incident.ref, exact: true })).toBeVisible();
  await expect(alerts(page).getByRole("button", { name: /^Put into an incident/ })).toBeHidden();
});
