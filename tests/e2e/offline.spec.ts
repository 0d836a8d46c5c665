import { accessible, expect, test } from "./house";
import { IncidentPage } from "./screens";

test("what is done without a network is labelled unsent, and sent exactly once afterwards", async ({ as, house, watch }) => {
  watch.expects(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|ERR_INCOMPLETE_CHUNKED_ENCODING|Failed to fetch|fetching the script/);
  const { incident } = await house.firing();
  const page = await as("responder");
  const screen = await IncidentPage.open(page, incident);
  await page.context().setOffline(true);
  await screen.verb(/^Acknowledge/).click();
  await expect(page.getByText(/unsent/i).first()).toBeVisible();
  await expect(page.getByText(/On this device only/).first()).toBeVisible();
  expect((await house.incident(incident.id)).acknowledged).toBeNull();

  await page.context().setOffline(false);
  await expect.poll(async () => (await house.incident(incident.id)).acknowledged, { timeout: 40_000 }).not.toBeNull();
  await expect(page.getByText(/unsent/i)).toHaveCount(0, { timeout: 20_000 });
  const acknowledged = (await house.timeline(incident.id)).filter(entry => entry.kind === "acknowledged");
  expect(acknowledged).toHaveLength(1);
});

test("a queued command survives a reload and is sent once", async ({ as, house, watch }) => {
  watch.expects(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_FAILED/);
  const { incident } = await house.firing();
  const page = await as("responder");
  const screen = await IncidentPage.open(page, incident);
  // Only the way out is blocked: the page itself can be loaded again.
  await page.route("**/api/fn/incidents/command", route => route.abort("internetdisconnected"));
  await screen.verb(/^Acknowledge/).click();
  await expect(page.getByText(/unsent/i).first()).toBeVisible();
  await page.reload();
  await expect(page.getByText(/unsent/i).first()).toBeVisible();
  await page.unroute("**/api/fn/incidents/command");
  await expect.poll(async () => (await house.timeline(incident.id)).filter(entry => entry.kind === "acknowledged").length, { timeout: 40_000 }).toBe(1);
});

test("a command that the server refuses is shown with its reason and undone", async ({ as, house, watch }) => {
  watch.expects(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|ERR_INCOMPLETE_CHUNKED_ENCODING|Failed to fetch|status of 409/);
  const { incident } = await house.firing();
  const page = await as("responder");
  const screen = await IncidentPage.open(page, incident);
  await page.context().setOffline(true);
  await screen.verb(/^Mitigated/).click();
  await expect(page.getByText(/unsent/i).first()).toBeVisible();
  await house.command(incident.id, { command: "resolve", reason: "somebody was faster" });
  await page.context().setOffline(false);
  await expect(page.getByText(/already resolved|was resolved/i).first()).toBeVisible({ timeout: 40_000 });
  expect((await house.incident(incident.id)).state).toBe("resolved");
});

test("an acknowledgement that was held up stays as a note when somebody has resolved meanwhile", async ({ as, house, watch }) => {
  watch.expects(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|ERR_INCOMPLETE_CHUNKED_ENCODING|Failed to fetch|fetching the script/);
  const { incident } = await house.firing();
  const page = await as("responder");
  const screen = await IncidentPage.open(page, incident);
  await page.context().setOffline(true);
  await screen.verb(/^Acknowledge/).click();
  await expect(page.getByText(/unsent/i).first()).toBeVisible();
  await house.command(incident.id, { command: "resolve", reason: "somebody was faster" });
  await page.context().setOffline(false);
  const notes = async () => (await house.timeline(incident.id)).filter(entry => entry.kind === "note" && /^Late acknowledgement/.test(entry.text));
  await expect.poll(async () => (await notes()).length, { timeout: 40_000 }).toBe(1);
  const after = await house.incident(incident.id);
  expect(after.state).toBe("resolved");
  expect(after.acknowledged).toBeNull();
  await expect(page.getByText(/Late acknowledgement/).first()).toBeVisible();
});

test("without a network anything that is in the browser can still be jumped to", async ({ as, house, watch }, info) => {
  watch.expects(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|ERR_INCOMPLETE_CHUNKED_ENCODING|Failed to fetch|fetching the script/);
  const { incident, alert } = await house.firing();
  const page = await as("responder");
  await IncidentPage.open(page, incident);
  // Every part of the app has come.
  await page.waitForLoadState("networkidle");
  await page.context().setOffline(true);
  await expect(page.locator(".connection")).toHaveAttribute("data-state", "offline", { timeout: 30_000 });
  if (info.project.name === "phone") await page.getByRole("button", { name: "Search" }).tap();
  else await page.keyboard.press("Control+k");
  await expect(page.getByText(/The server cannot be reached: only what is in this browser/)).toBeVisible();
  await expect(page.getByRole("option", { name: "On-call board" })).toBeVisible();
  await expect(page.getByRole("option", { name: /^Trends needs the server/ })).toBeVisible();
  await expect(page.getByRole("option", { name: /^Acknowledge for 30 min/ })).toBeVisible();
  await accessible(page);
  const field = page.getByRole("combobox", { name: "Jump to" });
  await field.fill(alert.service);
  await expect(page.getByRole("option", { name: new RegExp(incident.ref) })).toBeVisible();
  await field.fill("on-call");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "On-call" })).toBeVisible();
  await page.context().setOffline(false);
});
