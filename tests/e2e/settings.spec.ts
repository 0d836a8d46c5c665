import { accessible, expect, fitsItsWidth, test, unique } from "./house";
import { Board } from "./screens";

test("a new integration shows its key once, and the key opens the door", async ({ as, house }) => {
  const page = await as("admin");
  await page.goto("/settings/integrations");
  const name = `Cron ${unique()}`;
  await page.getByRole("button", { name: "New integration" }).click();
  await page.getByLabel("Who sends").selectOption("generic");
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Make it" }).click();
  await expect(page.getByText("Its key is shown this once.")).toBeVisible();
  const key = (await page.getByLabel("Key", { exact: true }).innerText()).trim();
  const shown = await page.getByLabel("For Generic JSON", { exact: true }).innerText();
  const path = /\/hooks\/generic\/[^\s'"]+/.exec(shown)?.[0];
  expect(path).toBe(`/hooks/generic/${key}`);

  const answer = await fetch(`${house.url}${path}`, { method: "POST", body: JSON.stringify({ title: `Export failed ${name}`, severity: "critical", service: `export-${unique()}` }) });
  expect(answer.ok).toBe(true);
  const board = await Board.open(page);
  await expect(board.row({ title: `Export failed ${name}` })).toBeVisible();

  await page.goto("/settings/integrations");
  await expect(page.getByText(name).first()).toBeVisible();
  expect(await page.content()).not.toContain(key);
});

test("an API token is shown once and can be revoked", async ({ as, house }) => {
  const page = await as("admin");
  await page.goto("/settings/tokens");
  const name = `Deploys ${unique()}`;
  await page.getByRole("button", { name: "New token" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Make the token" }).click();
  const token = (await page.getByLabel("Token", { exact: true }).innerText()).trim();
  const asks = () => fetch(`${house.url}/api/v1/incidents`, { headers: { authorization: `Bearer ${token}` } });
  expect((await asks()).status).toBe(200);
  await page.getByRole("button", { name: "I have it" }).click();
  expect(await page.content()).not.toContain(token);

  const card = page.getByRole("listitem").filter({ hasText: name });
  await card.getByRole("button", { name: "Revoke" }).click();
  await card.getByRole("button", { name: /^Really revoke/ }).click();
  await expect.poll(async () => (await asks()).status).toBe(401);
});

test("a person is added with a role", async ({ as }) => {
  const page = await as("admin");
  await page.goto("/settings/people");
  const login = `pat-${unique()}`;
  await page.getByRole("button", { name: /^New (account|person)/ }).click();
  await page.getByLabel("Name").fill("Pat Example");
  await page.getByLabel("Login").fill(login);
  await page.getByLabel("Role", { exact: true }).selectOption("responder");
  await page.getByRole("button", { name: "Make the account" }).click();
  await expect(page.getByText(/shown this once/)).toBeVisible();
  await expect(page.getByRole("listitem").filter({ hasText: login })).toContainText("never signed in");
});

test("a responder may not manage people, and the page says so", async ({ as }) => {
  const page = await as("responder");
  await page.goto("/settings/people");
  await expect(page.getByText(/an admin role is needed to manage people/i)).toBeVisible();
});

test("the theme can be chosen and stays chosen", async ({ as }) => {
  const page = await as("viewer");
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/settings/profile");
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Dark", exact: true }).click();
  await expect.poll(ground).not.toBe(light);
  const dark = await ground();
  await page.reload();
  await expect.poll(ground).toBe(dark);
});

test("the audit log says who did what, holds, and is filtered by the address", async ({ as, house }) => {
  const name = `=cmd()|${unique()}`;
  await house.integration("generic", name);
  const page = await as("admin");
  await page.goto("/settings/audit");
  await expect(page.getByText(/^The audit log holds: .* unbroken\.$/)).toBeVisible();
  const row = page.getByRole("row").filter({ hasText: name });
  await expect(row).toContainText("Made an integration");
  await expect(row).toContainText("e2e");

  await page.getByLabel("What").selectOption({ label: "Sign-ins" });
  await expect(page).toHaveURL(/what=session/);
  await expect(row).toHaveCount(0);
  await expect(page.getByRole("row").filter({ hasText: "Signed in" }).first()).toBeVisible();
  await page.getByLabel("What").selectOption({ label: "Integrations" });
  await page.getByLabel("Who").selectOption({ label: "e2e" });
  await page.reload();
  await expect(page.getByLabel("What")).toHaveValue("integration");
  await expect(row).toBeVisible();
  await page.getByLabel("From (UTC)").fill("2999-01-01");
  await expect(page.getByText("No entry fits what is chosen above.")).toBeVisible();
  await page.getByLabel("From (UTC)").fill("");

  const waiting = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export CSV" }).click();
  const file = await waiting;
  expect(file.suggestedFilename()).toBe("tocsin-audit.csv");
  const text = await (await file.createReadStream()).toArray();
  expect(Buffer.concat(text).toString()).toContain(`'${name}`);
});

test("a responder may not read the audit log, and the page says so", async ({ as }) => {
  const page = await as("responder");
  await page.goto("/settings/audit");
  await expect(page.getByText(/an admin role is needed to read the audit log/i)).toBeVisible();
});

test("a key is replaced while the old one still opens, and then removed", async ({ as, house }) => {
  const made = await house.rest<{ id: string; token: string; name: string }>("POST", "/api/v1/integrations", { source: "generic", name: `Cron ${unique()}` });
  const sends = async (key: string) => (await fetch(`${house.url}/hooks/generic/${key}`, { method: "POST", body: JSON.stringify({ title: `Job ${unique()}`, severity: "info" }) })).ok;
  const page = await as("admin");
  await page.goto("/settings/integrations");
  await page.getByRole("link", { name: made.name }).click();
  await expect(page.getByText("Nothing received yet.")).toBeVisible();
  await page.getByRole("button", { name: "Replace the key" }).click();
  await page.getByRole("button", { name: "Replace it" }).click();
  const key = (await page.getByLabel("New key", { exact: true }).innerText()).trim();
  expect([await sends(made.token), await sends(key)]).toEqual([true, true]);
  await page.getByRole("button", { name: "I have it" }).click();
  expect(await page.content()).not.toContain(key);

  await page.getByRole("button", { name: "Remove the old key now" }).click();
  await expect(page.getByText(/A sender that still uses the old key is refused/)).toBeVisible();
  await accessible(page);
  await page.getByRole("button", { name: "Yes, remove it" }).click();
  await expect(page.getByRole("button", { name: "Replace the key" })).toBeVisible();
  // A change holds within half a second.
  await expect.poll(() => sends(made.token)).toBe(false);
  expect(await sends(key)).toBe(true);
});

test("signing secrets are made, stand beside each other, and are removed after a question", async ({ as, house }) => {
  const made = await house.rest<{ id: string }>("POST", "/api/v1/integrations", { source: "generic", name: `Signed ${unique()}` });
  const page = await as("admin");
  await page.goto(`/settings/integrations/${made.id}`);
  const secrets = page.getByRole("region", { name: "Signing secrets" });
  await secrets.getByRole("button", { name: "Make a secret" }).click();
  await secrets.getByRole("button", { name: "Yes, ask for signatures" }).click();
  const secret = (await secrets.getByLabel("Signing secret", { exact: true }).innerText()).trim();
  expect(secret.length).toBeGreaterThan(16);
  await secrets.getByRole("button", { name: "I have it" }).click();
  await secrets.getByRole("button", { name: "Add one that the sender has" }).click();
  await secrets.getByLabel("The sender's secret").fill("a-secret-of-the-sender");
  await secrets.getByRole("button", { name: "Add it" }).click();
  await expect(secrets).toContainText("a signature with any one of them opens");
  await expect(secrets.getByRole("listitem")).toHaveCount(2);
  await secrets.getByRole("listitem").first().getByRole("button", { name: "Remove" }).click();
  await accessible(page);
  await fitsItsWidth(page);
  await secrets.getByRole("button", { name: /^Yes, remove/ }).click();
  await expect(secrets.getByRole("listitem")).toHaveCount(1);
});

test("switching an integration off is asked about first", async ({ as, house }) => {
  const made = await house.rest<{ id: string }>("POST", "/api/v1/integrations", { source: "generic", name: `Off ${unique()}` });
  const page = await as("admin");
  await page.goto(`/settings/integrations/${made.id}`);
  await page.getByRole("button", { name: "Switch off" }).click();
  await page.getByRole("button", { name: "No, leave it" }).click();
  await expect(page.getByRole("button", { name: "Switch off" })).toBeFocused();
  await page.getByRole("button", { name: "Switch off" }).click();
  await page.getByRole("button", { name: "Yes, switch it off" }).click();
  await expect(page.getByRole("button", { name: "Switch on" })).toBeVisible();
});
