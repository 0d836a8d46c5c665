// Every screen: nothing sticks out at any width, axe finds nothing in either theme. With
// TOCSIN_SCREENS=FOLDER each is also photographed, for the README and for whoever wants to look.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { accessible, expect, fitsItsWidth, test, unique, type House, type Page } from "./house";
import { IncidentPage } from "./screens";

const SCREENS: { name: string; as?: "viewer" | "responder" | "admin"; path: (house: House) => Promise<string>; ready: RegExp }[] = [
  { name: "sign-in", path: async () => "/sign-in", ready: /Sign in/ },
  { name: "board", as: "responder", path: async house => (await busy(house), "/"), ready: /Active incidents/ },
  { name: "incident", as: "responder", path: async house => `/incidents/${(await busy(house)).ref}`, ready: /Card payments/ },
  { name: "incidents", as: "responder", path: async house => (await busy(house), "/incidents?state=open&severity=!SEV5"), ready: /Card payments/ },
  { name: "alerts", as: "responder", path: async house => (await busy(house), "/alerts"), ready: /^since/ },
  { name: "services", as: "commander", path: async house => (await busy(house), "/services"), ready: /with an open incident/ },
  { name: "service", as: "viewer", path: async house => `/services/${(await busy(house)).services[0]}`, ready: /Open alerts/ },
  { name: "declare", as: "responder", path: async () => "/declare", ready: /Declare/ },
  { name: "integrations", as: "admin", path: async () => "/settings/integrations", ready: /Integrations/ },
  { name: "integration", as: "admin", path: async house => `/settings/integrations/${await sender(house)}`, ready: /How it is doing/ },
  { name: "deliveries", as: "admin", path: async house => (await sender(house), "/settings/deliveries"), ready: /Accepted/ },
  { name: "tester", as: "admin", path: async house => `/settings/tester?integration=${await sender(house)}`, ready: /As if it came from/ },
  { name: "changes", as: "viewer", path: async house => (await changes(house), "/changes"), ready: /Deploy/ },
  { name: "import", as: "responder", path: async () => "/settings/import", ready: /Choose a file/ },
  { name: "people", as: "admin", path: async () => "/settings/people", ready: /People/ },
  { name: "tokens", as: "admin", path: async () => "/settings/tokens", ready: /API tokens/ },
  { name: "audit", as: "admin", path: async () => "/settings/audit", ready: /The audit log holds/ },
  { name: "profile", as: "viewer", path: async () => "/settings/profile", ready: /My profile/ },
  { name: "nowhere", as: "viewer", path: async () => "/no/such/page", ready: /./ },
];

/** A board with something on it: a worked incident with a record, a fresh one, a mitigated one, long and odd names. */
async function busy(house: House) {
  const { incident } = await house.firing({ service: `payments-${unique()}`, summary: "Card payments fail at checkout in the EU" });
  await house.command(incident.id, { command: "acknowledge", for_s: 1800 });
  await house.command(incident.id, { command: "set_severity", severity: "SEV1", reason: "EU cards are 41 % of orders" });
  await house.command(incident.id, { command: "note", text: "Provider B times out from 02:04, not from the deploy." });
  await house.command(incident.id, { command: "decision", text: "Roll back payments. No failover yet." });
  await house.firing({ severity: "warning", summary: "Thumbnails slow to appear" });
  const long = await house.declare({ title: `Donaudampfschifffahrtsgesellschaftskapitänsmützenversand stockt ${"sehr ".repeat(12)}`, severity: "SEV3", services: ["a-service-with-a-name-that-does-not-end", "search"] });
  await house.command(long.id, { command: "mitigate" });
  return incident;
}

/** The id of a sender with two secrets and two keys, that sent what was taken and what was not. */
async function sender(house: House): Promise<string> {
  const { id, token } = await house.rest<{ id: string; token: string }>("POST", "/api/v1/integrations", { source: "generic", name: `Nightly exports of the warehouse ${unique()}` });
  const send = (body: string) => fetch(`${house.url}/hooks/generic/${token}`, { method: "POST", body });
  await send(JSON.stringify({ title: "Export is late", severity: "warning", service: `export-${unique()}` }));
  await send("title=Export is late");
  await fetch(`${house.url}/hooks/generic/somebody-elses-key`, { method: "POST", body: "{}" });
  await house.rest("PATCH", `/api/v1/integrations/${id}`, { add_signing_secrets: ["the-first-signing-secret", "the-second-signing-secret"] });
  await house.rest("POST", `/api/v1/integrations/${id}/token`, {});
  return id;
}

/** Some deploys. */
async function changes(house: House): Promise<void> {
  const key = await house.integration("pagerduty_events");
  for (const [service, summary] of [["checkout", "Deploy checkout v2026.47.3"], ["payments", "Deploy payments v812, with the new provider of EU cards and its fallback"], ["search", "Flag search.synonyms on for 10 %"]]) {
    const payload = { summary, source: service, timestamp: new Date().toISOString(), custom_details: { service } };
    await fetch(`${house.url}/v2/change/enqueue`, { method: "POST", body: JSON.stringify({ routing_key: key, payload, links: [{ href: "https://ci.example.com/builds/1", text: "Build" }] }) });
  }
}

async function photograph(page: Page, name: string): Promise<void> {
  const folder = process.env.TOCSIN_SCREENS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.screenshot({ path: join(folder, `${name}-${test.info().project.name}-${colorScheme}.png`) });
  }
}

for (const screen of SCREENS) {
  test(`${screen.name} fits, and anybody can use it in both themes`, async ({ as, house, watch }) => {
    // A page that is not there is answered as such.
    if (screen.name === "nowhere") watch.expects(/status of 404/);
    const page = await as(screen.as);
    await page.goto(await screen.path(house));
    await expect(page.getByText(screen.ready).first()).toBeVisible();
    await photograph(page, screen.name);
    await fitsItsWidth(page);
    await accessible(page);
  });
}

test("the screens still fit at four times the size", async ({ as, house }) => {
  const page = await as("responder");
  const incident = await busy(house);
  // 400 % on 1280 px leaves 320 px to the layout.
  await page.setViewportSize({ width: 320, height: 256 });
  await IncidentPage.open(page, incident);
  await fitsItsWidth(page);
  await page.goto("/");
  await fitsItsWidth(page);
});
