import { expect, test, unique } from "./house";
import { Board, IncidentPage } from "./screens";

const ATTACKS = [
  "<script>window.hurt = 1</script>",
  "<img src=x onerror=\"window.hurt = 1\">",
  "<svg onload=\"window.hurt = 1\"><animate onbegin=\"window.hurt = 1\"/></svg>",
  "\"><iframe srcdoc=\"<script>parent.hurt = 1</script>\"></iframe>",
  "<math><annotation-xml encoding=\"text/html\"><img src=x onerror=\"window.hurt = 1\"></annotation-xml></math>",
  "{{constructor.constructor('window.hurt = 1')()}}",
  "\u202Etxet desrever",
];

test("what senders write is text, wherever it is shown", async ({ as, house }) => {
  const mark = unique();
  const { incident } = await house.firing({
    service: `<b>svc-${mark}</b>`,
    summary: `${mark} ${ATTACKS.join(" ")}`,
    labels: Object.fromEntries(ATTACKS.map((attack, index) => [`label${index}`, attack])),
    generatorURL: "javascript:window.hurt=1",
  });
  await house.command(incident.id, { command: "note", text: ATTACKS.join("\n") });
  const page = await as("responder");
  const board = await Board.open(page);
  await expect(board.row({ title: mark })).toBeVisible();
  await page.goto(`/incidents/${incident.ref}`);
  const screen = new IncidentPage(page);
  await expect(screen.entry("onerror").first()).toBeVisible();

  expect(await page.evaluate(() => "hurt" in window)).toBe(false);
  expect(await page.locator("main script, main iframe, main math, main img[src=x], main svg[onload]").count()).toBe(0);
  const links = await page.locator("a[href]").evaluateAll(all => all.map(link => (link as HTMLAnchorElement).protocol));
  expect(links.filter(protocol => !["http:", "https:", "mailto:"].includes(protocol))).toEqual([]);
});
