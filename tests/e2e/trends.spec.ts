import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { accessible, expect, fitsItsWidth, test, unique, type House, type Page } from "./house";

const HOUR = 3_600_000;

/** Eighty days of incidents that only this label finds. */
async function history(house: House, label: string): Promise<void> {
  const now = Date.now();
  const at = (hoursAgo: number) => new Date(now - hoursAgo * HOUR).toISOString();
  const titles = ["Card payments time out", "Search index behind", "Password mails delayed", "Thumbnails slow to appear", "Gateway answers 502"];
  const services = ["checkout", "search", "identity", "media", "gateway"];
  const incidents = Array.from({ length: 44 }, (_, n) => {
    const started = 80 * 24 - n * 43;
    const lasts = 0.2 + ((n * 7) % 11) * 0.35;
    return {
      origin: label,
      id: String(n),
      title: titles[n % 5],
      severity: `SEV${[3, 2, 4, 3, 5, 1, 3, 4][n % 8]}`,
      kind: n % 11 === 10 ? "drill" : "incident",
      services: [services[n % 5]],
      labels: { run: label },
      started_at: at(started),
      detected_at: n % 9 === 4 ? at(started + 1) : at(started - 0.02 - (n % 4) * 0.03),
      ...(n % 6 === 5 ? {} : { acknowledged_at: at(started - 0.15 - (n % 5) * 0.02) }),
      ...(n % 7 === 3 ? {} : { mitigated_at: at(started - lasts * 0.7) }),
      resolved_at: n === 41 ? null : at(started - lasts),
    };
  });
  const { created, rejected } = await house.rest<{ created: number; rejected: unknown[] }>("POST", "/api/v1/import/incidents", incidents);
  expect({ created, rejected }).toEqual({ created: 44, rejected: [] });
}

async function open(page: Page, label: string, query = ""): Promise<void> {
  await page.goto(`/trends?label=run%3D${label}${query}`);
  await expect(page.getByRole("heading", { level: 1, name: /^40 incidents in 90 days, \d SEV1; half were acknowledged within [\d.]+ min \(n = \d+, \d+ without a time\)\.$/ })).toBeVisible();
}

test("every number opens what stands behind it", async ({ as, house }) => {
  const label = `t${unique()}`;
  await history(house, label);
  const page = await as("viewer");
  await open(page, label);
  await page.getByRole("button", { name: /^Time to acknowledge/ }).click();
  const sheet = page.getByRole("dialog", { name: "Time to acknowledge" });
  await expect(sheet.getByText("From detection to the first acknowledgement", { exact: false })).toBeVisible();
  await expect(sheet.getByText("first acknowledged − detected")).toBeVisible();
  const counted = sheet.getByRole("region", { name: "Incidents behind it" });
  const left = sheet.getByRole("region", { name: "Left out" });
  await expect(counted.getByRole("listitem").first()).toBeVisible();
  await expect(left.getByText(/not acknowledged/).first()).toBeVisible();
  const n = Number(/n = (\d+)/.exec((await sheet.innerText()) ?? "")?.[1]);
  expect(await counted.getByRole("listitem").count()).toBe(n);
  expect((await left.getByRole("listitem").count()) + n).toBe(40);
  // The open number is in the address; the same link opens the same sheet.
  await expect(page).toHaveURL(/show=mtta/);
  await page.reload();
  await expect(sheet).toBeVisible();
  const [download] = await Promise.all([page.waitForEvent("download"), sheet.getByRole("link", { name: "CSV" }).click()]);
  expect(download.suggestedFilename()).toBe("mtta.csv");
  await page.keyboard.press("Escape");
  await expect(sheet).toBeHidden();
  await expect(page).not.toHaveURL(/show=/);

  await page.getByRole("button", { name: /^Time to restore/ }).click();
  await expect(page.getByRole("dialog").getByText(/≥ .* [dh]/).first()).toBeVisible();
  await page.getByRole("dialog").getByRole("region", { name: "Incidents behind it" }).getByRole("link").nth(1).click();
  await expect(page).toHaveURL(/\/incidents\/INC-\d+$/);
  await expect(page.getByRole("dialog")).toBeHidden();
});

test("what is asked stands in the address", async ({ as, house }) => {
  const label = `t${unique()}`;
  await history(house, label);
  const page = await as("viewer");
  await open(page, label);
  await expect(page.getByText("drills and maintenance left out")).toBeVisible();
  // On a phone most filters wait behind a button; the label of the address is counted there.
  if (test.info().project.name === "phone") {
    await expect(page.getByRole("combobox", { name: /^Kind/ })).toBeHidden();
    await page.getByRole("button", { name: "Filters (1)", exact: true }).click();
  }
  await page.getByRole("combobox", { name: /^Kind/ }).selectOption({ label: "Incidents and drills" });
  await expect(page.getByRole("heading", { level: 1, name: /^44 incidents/ })).toBeVisible();
  await expect(page).toHaveURL(/kind=incident,drill/);
  await page.getByRole("combobox", { name: /^Severity/ }).selectOption({ label: "SEV1 and SEV2" });
  await page.getByRole("combobox", { name: /^Groups/ }).selectOption({ label: "By severity" });
  const groups = page.getByRole("table", { name: "Figures by severity" });
  await expect(groups.getByRole("row")).toHaveCount(3);
  await page.getByRole("button", { name: "30 days", exact: true }).click();
  await expect(page).toHaveURL(/days=30.*severity=SEV1,SEV2.*kind=incident,drill.*group=severity/);
  await page.getByRole("button", { name: "Dates" }).click();
  await page.getByLabel("From (UTC)").fill("2020-01-01");
  await page.getByLabel("To, included").fill("2020-01-31");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "No incident in 31 days." })).toBeVisible();
  await expect(page.getByText("Nothing to count")).toBeVisible();
});

test("a chart is read by keyboard and as a table", async ({ as, house }) => {
  const label = `t${unique()}`;
  await history(house, label);
  const page = await as("viewer");
  await open(page, label);
  const panel = page.getByRole("region", { name: "Incidents by week" });
  await expect(panel.getByRole("img", { name: /incidents?; \d to \d in each week before/ })).toBeVisible();
  await panel.getByRole("group", { name: /arrow keys/ }).focus();
  await page.keyboard.press("End");
  await expect(panel.getByText(/^from .* \(part of the week\): \d+ incidents?/).first()).toBeVisible();
  await page.keyboard.press("ArrowLeft");
  await expect(panel.getByText(/^from \d+ \w+ \d+: \d+ incidents?/).first()).toBeVisible();
  await panel.getByRole("button", { name: "Table" }).click();
  // Ninety days touch thirteen or fourteen weeks.
  await expect.poll(() => panel.getByRole("row").count()).toBeGreaterThanOrEqual(13 + 1);
  await page.getByRole("button", { name: /^Availability of checkout/ }).click();
  await expect(page.getByRole("dialog", { name: "Availability · checkout" }).getByRole("listitem").first()).toContainText("Card payments");
});

test("the screen fits, and anybody can use it in both themes", async ({ as, house }) => {
  const label = `t${unique()}`;
  await history(house, label);
  const page = await as("viewer");
  for (const [name, query] of [
    ["trends", ""],
    ["trends-groups", "&group=service"],
    ["trends-behind", "&show=mttr"],
  ] as const) {
    await open(page, label, query);
    await expect(page.getByText(/SEV\d|Card payments/).first()).toBeVisible();
    if (query.includes("show")) await expect(page.getByRole("dialog").getByRole("listitem").first()).toBeVisible();
    const folder = process.env.TOCSIN_SCREENS;
    for (const colorScheme of folder ? (["light", "dark"] as const) : []) {
      mkdirSync(folder!, { recursive: true });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const path = (part: string) => join(folder!, `${name}-${test.info().project.name}-${colorScheme}${part}.png`);
      await page.screenshot({ path: path("") });
      if (!query.includes("show")) await page.screenshot({ path: path("-all"), fullPage: true });
    }
    await fitsItsWidth(page);
    await accessible(page);
  }
});
