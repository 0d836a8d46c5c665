import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, unique } from "./house";
import { Board, IncidentPage, isRunning } from "./screens";

/** The same strings that the pages drawn by the server are held to. */
const ATTACKS: string[] = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/xss.json"), "utf8"));

test("what senders write is text, wherever it is shown", async ({ as, house }) => {
  const mark = unique();
  const { incident } = await house.firing({
    service: `<b>svc-${mark}</b>`,
    summary: `${mark} ${ATTACKS.join(" ")}`,
    labels: Object.fromEntries(ATTACKS.map((attack, index) => [`label${index}`, attack])),
    generatorURL: "javascript:window.hurt=1",
  });
  for (let at = 0; at < ATTACKS.length; at += 10) await house.command(incident.id, { command: "note", text: ATTACKS.slice(at, at + 10).join("\n") });
  const page = await as("responder");
  const board = await Board.open(page);
  await expect(board.row({ title: mark })).toBeVisible();
  expect(await page.evaluate(() => "hurt" in window)).toBe(false);
  await page.goto(`/incidents/${incident.ref}`);
  const screen = new IncidentPage(page);
  await isRunning(page);
  await expect(screen.entry("onerror").first()).toBeVisible();

  expect(await page.evaluate(() => "hurt" in window)).toBe(false);
  expect(await page.locator("main script, main iframe, main math, main object, main embed, main base, main meta, main link, main style, main video, main img[src=x], main svg[onload], main [onerror], main [onfocus], main [onmouseover]").count()).toBe(0);
  const links = await page.locator("a[href]").evaluateAll(all => all.map(link => (link as HTMLAnchorElement).protocol));
  expect(links.filter(protocol => !["http:", "https:", "mailto:"].includes(protocol))).toEqual([]);
});
