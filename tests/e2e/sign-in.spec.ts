import { expect, test } from "./house";
import { Board } from "./screens";

test("a demo person is signed in with one click, and the page says that it is a demo", async ({ as }) => {
  const page = await as();
  await page.goto("/");
  await expect(page.getByText(/demo/i).first()).toBeVisible();
  await page.getByRole("button", { name: /responder/i }).first().click();
  await expect(new Board(page).heading).toBeVisible();
  await expect(page.getByText(/demo/i).first()).toBeVisible();
});

test("signing out ends the session and the board is closed", async ({ as }) => {
  const page = await as("responder");
  await page.goto("/settings/profile");
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page.getByRole("button", { name: /responder/i }).first()).toBeVisible();
  await page.goto("/");
  await expect(new Board(page).heading).toBeHidden();
});

test("a wrong password is refused in words and says nothing about the account", async ({ as, watch }) => {
  watch.expects(/status of 401/);
  const page = await as();
  await page.goto("/sign-in");
  await page.getByLabel("Login").fill("nobody");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText(/password/i);
});
