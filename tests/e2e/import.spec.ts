// A file of another tool, brought over: what it would do is seen before anything is done.
import { accessible, expect, fitsItsWidth, test, unique, type Page } from "./house";
import { isRunning } from "./screens";

const line = (word: string, n: number, more: object = {}) => ({
  origin: `old-${word}`,
  id: String(n),
  title: `Outage ${n} of ${word}`,
  severity: "SEV3",
  services: ["checkout"],
  started_at: `2026-01-0${(n % 9) + 1}T10:00:00Z`,
  resolved_at: `2026-01-0${(n % 9) + 1}T11:00:00Z`,
  ...more,
});

const file = (name: string, text: string) => ({ name, mimeType: "application/json", buffer: Buffer.from(text) });
const report = (page: Page) => page.locator(".import__report");
const counts = async (page: Page) => (await report(page).locator("dd").allInnerTexts()).join(" ");

test("a file is looked at, then imported, and importing it again changes nothing", async ({ as, house }) => {
  const word = unique();
  const page = await as("responder");
  await page.goto("/settings/import");
  await isRunning(page);
  await fitsItsWidth(page);
  await accessible(page);
  const text = [JSON.stringify(line(word, 1)), JSON.stringify(line(word, 2)), "this is no JSON", JSON.stringify({ origin: "old", id: "9" })].join("\n");
  await page.getByLabel("Choose a file").setInputFiles(file("past.jsonl", text));
  await expect(page.getByRole("heading", { name: "2 incidents would be made or brought up to date." })).toBeVisible();
  expect(await counts(page)).toBe("2 0 0 2");
  await expect(report(page)).toContainText("Line 3");
  await expect(report(page)).toContainText("not_json");
  await fitsItsWidth(page);
  await accessible(page);
  const { items } = await house.rest<{ items: { title: string }[] }>("GET", `/api/v1/incidents?q=${word}`);
  expect(items.filter(item => item.title.includes(word))).toEqual([]);
  await page.getByRole("button", { name: "Import 2 incidents" }).click();
  await expect(page.getByRole("heading", { name: "Imported." })).toBeVisible();
  expect(await counts(page)).toBe("2 0 0 2");
  // The button that was pressed is gone; the focus is where it is said what came of it.
  await expect(page.getByRole("heading", { name: "Imported." })).toBeFocused();
  await page.getByRole("link", { name: "To the incidents" }).click();
  // What is over stands behind everything that is open.
  await page.locator("#list-search").fill(word);
  await expect(page.getByText(`Outage 1 of ${word}`)).toBeVisible();

  await page.goto("/settings/import");
  await page.getByLabel("Choose a file").setInputFiles(file("past.jsonl", text));
  await expect(page.getByRole("heading", { name: "Nothing would change: all of it is here already." })).toBeVisible();
  await expect(page.getByRole("button", { name: /^Import \d/ })).toHaveCount(0);
});

test("a large file goes piece by piece, with the lines of the file in its report", async ({ as }) => {
  const word = unique();
  const page = await as("admin");
  await page.goto("/settings/import");
  await isRunning(page);
  const many = Array.from({ length: 1500 }, (_, n) => JSON.stringify(line(word, n, { timeline: [{ at: "2026-01-09T10:00:00Z", text: "ä".repeat(300) }] })));
  many[1200] = "{";
  await page.getByLabel("Choose a file").setInputFiles(file("large.jsonl", many.join("\n")));
  await expect(page.getByRole("heading", { name: "1499 incidents would be made or brought up to date." })).toBeVisible({ timeout: 30_000 });
  await expect(report(page)).toContainText("Line 1201");
});

test("a Statuspage's file is known for what it is, dropped or chosen", async ({ as }) => {
  const word = unique();
  const page = await as("responder");
  await page.goto("/settings/import");
  await isRunning(page);
  const statuspage = JSON.stringify({
    page: { id: word },
    incidents: [{ id: "x", name: `Down ${word}`, impact: "major", created_at: "2026-02-01T00:00:00Z", resolved_at: "2026-02-01T01:00:00Z", incident_updates: [] }],
  });
  const dropped = await page.evaluateHandle(text => {
    const data = new DataTransfer();
    data.items.add(new File([text], "incidents.json", { type: "application/json" }));
    return data;
  }, statuspage);
  await page.dispatchEvent(".import__drop", "drop", { dataTransfer: dropped });
  await expect(page.getByRole("button", { name: "Statuspage" })).toHaveAttribute("aria-pressed", "true");
  await page.getByRole("button", { name: "Import 1 incident" }).click();
  await expect(page.getByRole("heading", { name: "Imported." })).toBeVisible();
});

test("an import goes on when its page is left, and says its end", { tag: "@desk" }, async ({ as }) => {
  const word = unique();
  const page = await as("responder");
  await page.goto("/settings/import");
  await isRunning(page);
  await page.getByLabel("Choose a file").setInputFiles(file("left.jsonl", JSON.stringify(line(word, 1))));
  await page.route("**/api/v1/import/incidents", async route => {
    await new Promise(done => setTimeout(done, 1500));
    await route.continue();
  });
  await page.getByRole("button", { name: "Import 1 incident" }).click();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Alerts" }).click();
  await expect(page.getByText("left.jsonl is imported: 1 incident made or brought up to date.")).toBeVisible();
});

test("what is no such file is said in words", async ({ as, watch }) => {
  watch.expects(/status of 422/);
  const page = await as("responder");
  await page.goto("/settings/import");
  await isRunning(page);
  await page.getByLabel("Choose a file").setInputFiles(file("photo.json", "\x89PNG not at all"));
  await expect(page.getByRole("heading", { name: "Nothing in this file can be read as an incident." })).toBeVisible();
  await page.getByRole("button", { name: "Statuspage" }).click();
  await expect(page.getByRole("alert")).toContainText("The file is not JSON");
  await accessible(page);
});

test("who may only read may not import", async ({ as }) => {
  const page = await as("viewer");
  await page.goto("/settings/import");
  await isRunning(page);
  await expect(page.getByLabel("Choose a file")).toHaveCount(0);
  await expect(page.locator(".panel__empty")).toContainText(/A responder role is needed/);
});
