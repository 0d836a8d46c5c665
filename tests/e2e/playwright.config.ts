// The browser journeys: the real server, the real app, Debian's Chromium, on a desk and on a phone.
import { defineConfig, type PlaywrightTestConfig } from "@playwright/test";

const asRoot = process.getuid?.() === 0;

const use: PlaywrightTestConfig["use"] = {
  browserName: "chromium",
  locale: "en-GB",
  timezoneId: "UTC",
  screenshot: "only-on-failure",
  trace: "retain-on-failure",
  actionTimeout: 10_000,
  launchOptions: {
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    // Chromium's sandbox does not work for root; nothing may call home.
    args: [...(asRoot ? ["--no-sandbox"] : []), "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  },
};

export default defineConfig({
  testDir: ".",
  outputDir: "test-results",
  forbidOnly: Boolean(process.env.CI),
  fullyParallel: true,
  workers: 2,
  // Where nobody watches, one slow moment of a shared machine is told apart from a broken journey:
  // what passes only the second time is listed as flaky.
  retries: process.env.CI ? 1 : 0,
  timeout: 45_000,
  expect: { timeout: 10_000 },
  // A journey for fingers or for keys alone says so by its tag; none is skipped in the middle.
  projects: [
    { name: "desk", grepInvert: /@phone/, use: { ...use, viewport: { width: 1440, height: 900 } } },
    // The narrowest phone that is promised to work.
    { name: "phone", grepInvert: /@desk/, use: { ...use, viewport: { width: 360, height: 780 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true } },
  ],
});
