// Which rows does the editor draw, and is what is typed kept? The answer is JSON on stdout.
import { chromium } from "playwright-core";

const { NODE_RED, CHROMIUM, SHOTS } = process.env;
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1400, height: 1100 } });
const dialog = () => page.waitForSelector("#stripe-inputs [data-row]", { state: "attached" });
const open = (id) => page.evaluate((node) => RED.editor.edit(RED.nodes.node(node)), id);
const rows = (place) => page.$$eval(`#stripe-${place} .form-row > label`, (found) =>
  found.map((label) => label.textContent));

await page.goto(NODE_RED);
await page.waitForFunction(() => window.RED?.nodes?.node?.("price"));
const tour = page.locator(".red-ui-tourGuide-popover button, .red-ui-popover button").first();
if (await tour.isVisible().catch(() => false)) await tour.click();
await open("price");
await dialog();
const told = { rows: await rows("inputs"), options: await rows("options") };
await page.waitForTimeout(500); // the tray slides in
await page.screenshot({ path: `${SHOTS}/price.png` });
const nickname = page.locator(".form-row:has([data-row=nickname]) .red-ui-typedInput-container input");
await nickname.first().fill("Yearly");
await page.click("#node-dialog-ok");
await page.waitForSelector("#stripe-inputs", { state: "detached" });
told.kept = await page.evaluate(() => RED.nodes.node("price").rows);

await open("astray");
await page.waitForFunction(() => document.querySelector("#stripe-told")?.textContent);
told.astray = await page.textContent("#stripe-told");
await page.screenshot({ path: `${SHOTS}/astray.png` });
await page.click("#node-dialog-cancel");
await page.waitForSelector("#stripe-inputs", { state: "detached" });

// A customer is chosen by name.
await open("invoice");
await dialog();
const customer = page.locator(".form-row:has([data-row=customer]) .red-ui-typedInput-container input").first();
await customer.pressSequentially("jen", { delay: 50 });
const menu = page.locator(".red-ui-autoComplete-container li");
await menu.filter({ hasText: "Jenny" }).waitFor();
told.offered = (await menu.allTextContents()).map((text) => text.trim());
await page.screenshot({ path: `${SHOTS}/customer.png` });
await menu.filter({ hasText: "Jenny" }).locator("a").click();
await page.click("#node-dialog-ok");
await page.waitForSelector("#stripe-inputs", { state: "detached" });
told.chosen = await page.evaluate(() => RED.nodes.node("invoice").rows);

// What the keys of a server may do.
const tested = async (server, change = async () => {}) => {
  await page.evaluate((id) => RED.editor.editConfig("", "stripe-server", id), server);
  await page.waitForSelector("#stripe-test");
  await change();
  await page.click("#stripe-test");
  await page.waitForFunction(() => {
    const text = document.querySelector("#stripe-tested").textContent;
    return text && !text.includes("is asked");
  });
  const said = await page.locator("#stripe-tested li").allTextContents();
  await page.screenshot({ path: `${SHOTS}/tested-${server}.png` });
  await page.click("#node-config-dialog-cancel");
  await page.waitForSelector("#stripe-test", { state: "detached" });
  return said;
};
told.tested = {
  server: await tested("server"),
  other: await tested("other"),
  stranger: await tested("stranger"),
  changed: await tested("nobody", () => page.fill("#node-config-input-url", "http://127.0.0.1:1")),
};
await browser.close();
console.log(JSON.stringify(told));
