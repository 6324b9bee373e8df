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
await browser.close();
console.log(JSON.stringify(told));
