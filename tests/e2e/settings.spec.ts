import { expect, test, unique } from "./house";
import { Board } from "./screens";

test("a new integration shows its key once, and the key opens the door", async ({ as, house }) => {
  const page = await as("admin");
  await page.goto("/settings/integrations");
  const name = `Cron ${unique()}`;
  await page.getByRole("button", { name: /New integration|Add integration/i }).click();
  await page.getByRole("combobox", { name: /Kind|Source|Sender/i }).selectOption({ label: "Generic JSON" });
  await page.getByRole("textbox", { name: /Name/i }).fill(name);
  await page.getByRole("button", { name: /^(Make|Create)/ }).click();
  const shown = await page.getByText(/\/hooks\/generic\/\S+/).first().innerText();
  const path = /\/hooks\/generic\/[^\s'"]+/.exec(shown)?.[0];
  expect(path).toBeTruthy();

  const answer = await fetch(`${house.url}${path}`, { method: "POST", body: JSON.stringify({ title: `Export failed ${name}`, severity: "critical", service: `export-${unique()}` }) });
  expect(answer.ok).toBe(true);
  const board = await Board.open(page);
  await expect(board.row({ title: `Export failed ${name}` })).toBeVisible();

  await page.goto("/settings/integrations");
  await expect(page.getByText(name).first()).toBeVisible();
  expect(await page.content()).not.toContain(path!.split("/").pop()!);
});

test("an API token is shown once and can be revoked", async ({ as, house }) => {
  const page = await as("admin");
  await page.goto("/settings/tokens");
  const name = `Deploys ${unique()}`;
  await page.getByRole("textbox", { name: /Name/i }).fill(name);
  await page.getByRole("button", { name: /^(Make|Create)/ }).click();
  const token = (await page.getByRole("textbox", { name: /token/i }).or(page.locator("code")).last().textContent())?.trim() ?? "";
  expect(token.length).toBeGreaterThan(15);
  const asks = () => fetch(`${house.url}/api/v1/incidents`, { headers: { authorization: `Bearer ${token}` } });
  expect((await asks()).status).toBe(200);

  await page.getByRole("row").or(page.getByRole("listitem")).filter({ hasText: name }).getByRole("button", { name: /Revoke/ }).click();
  const sure = page.getByRole("dialog").getByRole("button", { name: /Revoke/ });
  if (await sure.isVisible().catch(() => false)) await sure.click();
  await expect.poll(async () => (await asks()).status).toBe(401);
});

test("a person is added with a role", async ({ as }) => {
  const page = await as("admin");
  await page.goto("/settings/people");
  const login = `pat-${unique()}`;
  await page.getByRole("textbox", { name: /Login/i }).fill(login);
  await page.getByRole("textbox", { name: /^Name/i }).fill("Pat Example");
  await page.getByLabel(/Password/i).fill("a long enough passphrase");
  await page.getByRole("button", { name: /^(Add|Make|Create)/ }).click();
  await expect(page.getByText(login).first()).toBeVisible();
});

test("a responder may not manage people, and the page says so", async ({ as, watch }) => {
  watch.expects(/status of 403/);
  const page = await as("responder");
  await page.goto("/settings/people");
  await expect(page.getByText(/admin role is needed/i).first()).toBeVisible();
});

test("the theme can be chosen and stays chosen", async ({ as }) => {
  const page = await as("viewer");
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/settings/profile");
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole("radio", { name: "Dark" }).check({ force: true });
  await expect.poll(ground).not.toBe(light);
  const dark = await ground();
  await page.reload();
  await expect.poll(ground).toBe(dark);
});
