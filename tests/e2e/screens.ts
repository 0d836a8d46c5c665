// How the screens are found: by role and by the words on them, as people find them.
import { expect, type Locator, type Page } from "@playwright/test";
import type { Incident } from "./house";

/** Text as it stands, inside a pattern. */
export const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Chooses an answer by its chip; the radio button itself is not drawn. */
export async function choose(within: Page | Locator, answer: string): Promise<void> {
  await within.locator("label").filter({ hasText: new RegExp(`^${literal(answer)}$`) }).click();
  await expect(within.getByRole("radio", { name: answer, exact: true })).toBeChecked();
}

/** The app has taken over from what the server drew: from now on everything can be pressed. */
export async function isRunning(page: Page): Promise<void> {
  await expect(page.locator(".connection")).toHaveAttribute("data-state", "live");
}

export class Board {
  constructor(readonly page: Page) {}

  static async open(page: Page): Promise<Board> {
    await page.goto("/");
    const board = new Board(page);
    await expect(board.heading).toBeVisible();
    await isRunning(page);
    return board;
  }

  get heading(): Locator {
    return this.page.getByRole("heading", { level: 1, name: "On-call" });
  }

  /** The link in the row of an open incident. */
  row(incident: Pick<Incident, "title">): Locator {
    // The row's own link: the one to its service may be called alike.
    const link = this.page.getByRole("table", { name: /^Open incidents/ }).getByRole("link", { name: new RegExp(literal(incident.title)) });
    return link.and(this.page.locator("[data-row]"));
  }
}

export class IncidentPage {
  constructor(readonly page: Page) {}

  static async open(page: Page, incident: Pick<Incident, "ref" | "title">): Promise<IncidentPage> {
    await page.goto(`/incidents/${incident.ref}`);
    const screen = new IncidentPage(page);
    await expect(page.getByRole("heading", { level: 1, name: new RegExp(literal(incident.title)) })).toBeVisible();
    await isRunning(page);
    return screen;
  }

  /** A verb of the action bar. */
  verb(name: RegExp): Locator {
    return this.actions.getByRole("button", { name });
  }

  get actions(): Locator {
    return this.page.getByRole("group", { name: "What can be done" });
  }

  get timeline(): Locator {
    return this.page.getByRole("region", { name: "Timeline" });
  }

  entry(text: string | RegExp): Locator {
    return this.timeline.getByRole("listitem").filter({ hasText: text });
  }

  get dialog(): Locator {
    return this.page.getByRole("dialog");
  }
}
