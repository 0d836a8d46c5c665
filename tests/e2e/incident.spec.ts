import type { Locator } from "@playwright/test";
import { accessible, expect, fitsItsWidth, nameOn, test, unique } from "./house";
import { IncidentPage, isRunning } from "./screens";

test("an update that is late is said on the board, and the next one is postponed with a reason", async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("responder");
  const screen = await IncidentPage.open(page, incident);
  await page.getByRole("button", { name: "Postpone", exact: true }).click();
  await screen.dialog.getByLabel("The next update is due").selectOption({ label: "in 1 h" });
  await screen.dialog.getByRole("button", { name: /^Postpone the next update of/ }).click();
  await expect(screen.dialog).toContainText(/needs a reason/);
  await screen.dialog.getByLabel("Why?").fill("The provider answers at one");
  await screen.dialog.getByRole("button", { name: /^Postpone the next update of/ }).click();
  await expect(screen.entry(/^.*Next update postponed to \d\d:\d\d UTC: The provider answers at one/)).toBeVisible();
  await expect(page.locator(".facts")).toContainText("postponed");
  // Of another one, which began nineteen minutes ago, nobody has said anything.
  const title = `Nobody says anything ${unique()}`;
  const received_at = new Date(Date.now() - (19 * 60 + 5) * 1_000).toISOString();
  await house.lines("/api/v1/import/alerts", [{ received_at, source: "generic", body: { title, key: title, severity: "critical", status: "firing" } }]);
  await page.goto("/");
  await expect(page.getByRole("row").filter({ hasText: title })).toContainText(/4 min late/);
});

test("a role is offered, accepted, and both see it", async ({ as, house }) => {
  const { incident } = await house.firing();
  const [lead, other] = [await as("commander"), await as("responder")];
  const offering = await IncidentPage.open(lead, incident);
  await lead.getByRole("button", { name: "Assign: Scribe" }).click();
  await offering.dialog.getByLabel("Person").selectOption({ label: `${nameOn(other)} (responder)` });
  await offering.dialog.getByRole("button", { name: "Assign scribe" }).click();
  await expect(lead.getByRole("region", { name: "Roles" })).toContainText(new RegExp(`${nameOn(other)} asked`));

  await IncidentPage.open(other, incident);
  await other.getByRole("button", { name: "Accept: Scribe" }).click();
  await expect.poll(async () => (await house.incident(incident.id)).roles.scribe?.holder?.person.name).toBe(nameOn(other));
  await expect(lead.getByRole("button", { name: "Stop asking: Scribe" })).toBeHidden();
});

test("a note, a decision and a late entry are in the record, and a pin stands above", async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("responder");
  const screen = await IncidentPage.open(page, incident);
  const write = async (kind: string, text: string, at?: string) => {
    await screen.timeline.getByRole("button", { name: kind, exact: true }).click();
    await screen.timeline.getByRole("textbox", { name: "What happened" }).fill(text);
    if (at) await screen.timeline.getByLabel("When it happened").fill(at);
    await screen.timeline.getByRole("button", { name: "Add", exact: true }).click();
    await expect(screen.entry(text)).toBeVisible();
  };
  await write("Note", "Error rate climbs on node 7");
  await write("Decision", "Roll back, no failover");

  const anHourAgo = new Date(Date.now() - 3600_000).toISOString().slice(11, 16);
  await write("Note", "The provider saw it first", anHourAgo);
  await expect(screen.entry("The provider saw it first")).toContainText(new RegExp(`Late entry happened .*${anHourAgo}, recorded`));

  await screen.entry("Roll back, no failover").getByRole("button", { name: /^Entry/ }).click();
  await page.getByRole("menuitem", { name: "Pin", exact: true }).click();
  await expect(screen.timeline.getByText("Pinned", { exact: true })).toBeVisible();
  await expect.poll(async () => (await house.timeline(incident.id)).find(entry => entry.text.includes("no failover"))?.pinned).toBe(true);
  const entries = await house.timeline(incident.id);
  expect(entries.filter(entry => entry.text.includes("node 7"))).toHaveLength(1);
  // Read by when things happened, the late one comes first; the record itself has no gap.
  expect(entries.map(entry => entry.seq).sort((a, b) => a - b)).toEqual(entries.map((_, index) => index + 1));
});

test("the way to closed: mitigated, resolved only with a reason while it fires, then closed", async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("commander");
  const screen = await IncidentPage.open(page, incident);
  const state = async () => (await house.incident(incident.id)).state;
  await screen.verb(/^Mitigated/).click();
  await expect.poll(state).toBe("mitigated");

  await screen.verb(/^Resolve/).click();
  // The signal does not agree yet, so a reason is asked for; without it nothing happens.
  await expect(screen.dialog).toContainText(/still fire/);
  await screen.dialog.getByLabel("Why?").fill("The alert is stale, customers confirm");
  await screen.dialog.getByRole("button", { name: /^Resolve/ }).click();
  await expect.poll(state).toBe("resolved");

  await screen.verb(/^Close/).click();
  await expect.poll(state).toBe("closed");
  await expect(screen.entry("The alert is stale")).toBeVisible();
});

test("what is private is offered only private ones to go on in", async ({ as, house }) => {
  const [open, secret, other] = [
    await house.declare({ title: "Everybody sees it", severity: "SEV3" }),
    await house.declare({ title: "Hidden one", severity: "SEV3", private: true }),
    await house.declare({ title: "Hidden two", severity: "SEV3", private: true }),
  ];
  const page = await as("admin");
  const choices = async (incident: typeof open) => {
    const screen = await IncidentPage.open(page, incident);
    await screen.verb(/^More to do/).click();
    await page.getByRole("menuitem", { name: "Merge into another…" }).click();
    return screen.dialog;
  };
  const option = (dialog: Locator, incident: typeof open) => dialog.locator("option", { hasText: `${incident.ref} ${incident.title}` });
  const dialog = await choices(secret);
  await expect(dialog).toContainText("This one is private: only private ones are offered.");
  await expect(option(dialog, other)).toHaveCount(1);
  await expect(option(dialog, open)).toHaveCount(0);
  await dialog.getByLabel("It goes on in").selectOption({ label: `${other.ref} ${other.title}` });
  await dialog.getByRole("button", { name: "Merge", exact: true }).click();
  await expect.poll(async () => (await house.incident(secret.id)).state).toBe("merged");

  await expect(option(await choices(open), other)).toHaveCount(1);
});

test("the page says that the chain holds", async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("viewer");
  await IncidentPage.open(page, incident);
  await expect(page.getByText(/Chain verified/i)).toBeVisible();
});

test("everything that can be done is on the screen of the narrowest phone, with one reason above", { tag: "@phone" }, async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("responder");
  const screen = await IncidentPage.open(page, incident);
  await expect(screen.actions).toContainText("Resolve asks why: resolving while its alerts still fire needs a reason");
  await fitsItsWidth(page);
  for (const width of [360, 320]) {
    await page.setViewportSize({ width, height: 780 });
    const ends = await page.locator(".verbs button, .rail__words").evaluateAll(all => all.map(one => one.getBoundingClientRect().right));
    expect(Math.max(...ends)).toBeLessThanOrEqual(width);
    const more = await screen.verb(/^More to do/).boundingBox();
    expect(more!.x + more!.width).toBeLessThanOrEqual(width);
    expect(more!.width).toBeGreaterThanOrEqual(44);
  }
  const low = await page.locator(".incident-head__trail a, .timeline .lens__option").evaluateAll(all => all.filter(one => one.getBoundingClientRect().height < 44).map(one => one.outerHTML));
  expect(low, "what a finger does not hit").toEqual([]);
});

test("on a phone the record follows the clocks, and one tap leads to writing in it", { tag: "@phone" }, async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("responder");
  const screen = await IncidentPage.open(page, incident);
  const top = async (name: string) => (await page.getByRole("region", { name, exact: true }).boundingBox())!.y;
  expect(await top("Timeline")).toBeLessThan(await top("Impact"));
  expect(await top("Impact")).toBeLessThan(await top("Roles"));
  const text = screen.timeline.getByRole("textbox", { name: "What happened" });
  await screen.actions.getByRole("button", { name: "Add what happened" }).tap();
  await expect(text).toBeFocused();
  await screen.verb(/^More to do/).tap();
  await page.getByRole("menuitem", { name: /^Add a note/ }).tap();
  await expect(text).toBeFocused();
});

test("what is read and tabbed to comes in the order that is seen", { tag: "@phone" }, async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("responder");
  const screen = await IncidentPage.open(page, incident);
  // In the order of the document, which screen readers and the tabulator follow.
  const parts = page.locator(".incident-head, .facts, .timeline, .impact, .roles, .panel[aria-labelledby=alerts-title]");
  const tops = await parts.evaluateAll(all => all.map(one => Math.round(one.getBoundingClientRect().top)));
  expect(tops).toHaveLength(6);
  expect(tops).toEqual([...tops].sort((a, b) => a - b));
  await screen.timeline.locator("summary", { hasText: "Export" }).focus();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Set impact" })).toBeFocused();
  // Who does not want the record goes past it.
  await page.getByRole("link", { name: "Past the timeline" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Set impact" })).toBeFocused();
});

test("the words of the navigation fit it at every width", { tag: "@desk" }, async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("responder");
  await IncidentPage.open(page, incident);
  for (const width of [768, 1100, 1280, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    await fitsItsWidth(page);
  }
});

test("an alert that flaps is one line of the record until it is unfolded, and the story leaves it out", async ({ as, house }) => {
  const token = await house.integration("generic");
  // More entries than the timeline shows at first.
  const [service, times] = [`flapping-${unique()}`, 20];
  for (let turn = 0; turn < 2 * times; turn += 1) {
    const body = JSON.stringify({ title: `${service} disk`, key: service, service, severity: "critical", status: turn % 2 === 0 ? "firing" : "resolved" });
    expect((await fetch(`${house.url}/hooks/generic/${token}`, { method: "POST", body })).ok).toBe(true);
  }
  const incident = await house.incidentOf(service);
  const page = await as("responder");
  const screen = await IncidentPage.open(page, incident);
  const fold = screen.entry(new RegExp(`flapped ${times} times from \\d\\d:\\d\\d to \\d\\d:\\d\\d`));
  await expect(fold).toHaveCount(1);
  const folded = fold.getByRole("listitem").filter({ hasText: "1 alert resolved" });
  await expect(screen.entry("1 alert resolved")).toHaveCount(0);
  await fold.getByText(/^Show \d+ entries$/).click();
  await expect(folded).toHaveCount(times);
  await accessible(page);
  await fold.getByText("Fold them").click();
  await expect(folded).toHaveCount(0);
  // A link to one of them unfolds them, from elsewhere and on the page itself.
  const seq = (await house.timeline(incident.id)).filter(entry => entry.kind === "alerts_resolved")[3]!.seq;
  await page.evaluate(seq => (location.hash = `#entry-${seq}`), seq);
  await expect(folded).toHaveCount(times);
  await expect(page.locator(`#entry-${seq}`)).toBeInViewport();
  await page.goto("/");
  await page.goto(`/incidents/${incident.ref}#entry-${seq}`);
  await expect(page.locator(`#entry-${seq}`)).toBeInViewport();
  await isRunning(page);
  await expect(page.locator(`#entry-${seq}`)).toBeInViewport();
  // The incident resolved as often; the story tells the first and the last.
  await screen.timeline.getByText(/^Story \d+$/).click();
  await expect(screen.entry("Reopened")).toHaveCount(0);
  await expect(screen.entry("Resolved by signal")).toHaveCount(2);
});
