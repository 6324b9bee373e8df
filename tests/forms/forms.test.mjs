// Are the forms of all actions right, in each library? Driven as a person does, by what is shown.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test as declared } from "node:test";
import { chromium } from "playwright-core";

const { FORMS, CHROMIUM } = process.env;
const LIBRARIES = ["rjsf", "vanilla", "material"];
const SHOTS = "built/shots";
const SHOWN = [
  "create_price",
  "create_subscription",
  "create_checkout_session",
  "create_payment_intent",
  "update_customer",
  "list_invoices",
];
const QUIET =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run" +
  " --disable-background-networking --disable-component-update --disable-sync";
// Nothing slides or fades: what moves is hard to click on a slow machine.
const UNMOVED = "*, ::before, ::after { transition: none !important; animation: none !important }";
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf-8");

const ask = async (path) => (await fetch(`${FORMS}/${path}`)).json();
const actions = (await ask("catalog")).map(({ id }) => id);
const faults = [];
let browser;
let page;

const test = (name, judge) => declared(name, { timeout: 90_000 }, judge);
// What a library's own controls do wrong, whatever they are given.
const KNOWN = { material: ["nested-interactive"] }; // the head of a list's item holds its buttons

before(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET.split(" ") });
  page = await browser.newPage({ viewport: { width: 900, height: 1000 } });
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    const meant = ["the server responded with a status of", "Form validation failed"];
    const isMeant = meant.some((words) => message.text().includes(words));
    if (message.type() === "error" && !isMeant) faults.push(message.text());
  });
  await page.goto(FORMS);
  await page.addScriptTag({ content: AXE });
  await page.addStyleTag({ content: UNMOVED });
  mkdirSync(SHOTS, { recursive: true });
});

after(() => browser.close());

// --- what a person sees and does -----------------------------------------------------------------

async function draw(library, id, inputs = {}) {
  const call = [library, id, inputs];
  const { drawn, manifest } = await page.evaluate((given) => window.draw(...given), call);
  await page.waitForSelector(`[data-drawn="${drawn}"]`);
  await page.getByRole("button", { name: "Submit", exact: true }).waitFor();
  return manifest;
}

async function submit(press = click) {
  await page.evaluate(() => window.answers.splice(0));
  await press();
  return answer();
}

const click = () => page.getByRole("button", { name: "Submit", exact: true }).click();
const valueAt = (sent, path) => path.reduce((found, step) => found?.[step], sent);

async function answer() {
  await page.waitForFunction(() => window.answers.length > 0);
  return page.evaluate(() => window.answers.at(-1));
}

// What is folded: objects that are left alone, one item of each list.
const FOLDED =
  'main :is(button[id$="__add"], button[id$="__optionalAdd"], button[aria-label^="Add to"],' +
  ' button:text("Add to"), .MuiAccordionSummary-root[aria-expanded="false"])';

// Opens what is folded. A library may draw a button anew, or close what it stands in, while the mouse
// is on its way: then everything is looked at once more.
async function open() {
  const next = page.locator(FOLDED).and(page.locator(":visible:not([data-seen])")).first();
  for (let lost = 0; await next.count(); ) {
    const button = await next.elementHandle({ timeout: 1_000 }).catch(() => null);
    if (await isClicked(button)) continue;
    lost += 1;
    assert.ok(lost < 10, "what is folded cannot be opened");
    await forgetWhatWasOpened();
  }
}

async function isClicked(button) {
  if (!button) return false;
  await button.evaluate((it) => it.setAttribute("data-seen", "yes"));
  return button.click({ timeout: 3_000 }).then(() => true, () => false);
}

const forgetWhatWasOpened = () =>
  page.evaluate(() => {
    for (const one of document.querySelectorAll("[data-seen]")) one.removeAttribute("data-seen");
  });

// The boxes of a form, as far as they are shown: title, kind, and what is inside.
function boxes(schema) {
  const found = [];
  for (const box of Object.values(schema.properties ?? {})) {
    found.push(box, ...boxes(box), ...boxes(box.items ?? {}));
  }
  return found;
}

const count = (words, word) => words.filter((other) => other === word).length;

// The names of all controls, as a screen reader says them, and all texts.
function names() {
  const clean = (text) => (text ?? "").replace(/[*\s]+/g, " ").trim();
  const controls = [...document.querySelectorAll("main :is(input, select, textarea)")];
  const byId = (ids) => (ids ?? "").split(" ").map((id) => document.getElementById(id)?.innerText);
  const name = (control) =>
    clean(control.getAttribute("aria-label")) ||
    clean(byId(control.getAttribute("aria-labelledby")).join(" ")) ||
    clean(control.labels?.[0]?.innerText);
  const texts = "main :is(label, legend, h1, h2, h3, h4, h5, h6, p, span, th)";
  const shown = [...document.querySelectorAll(texts)].map((one) => clean(one.innerText));
  return { controls: controls.map(name), shown };
}

// Whether a sentence stands at the control of a title: with no other control between them.
function stands([title, inner, sentence]) {
  const clean = (text) => (text ?? "").replace(/[*\s]+/g, " ").trim();
  const own = new Set([title, ...inner]);
  const spoken = (one) => [...one.querySelectorAll("[aria-label]")].map((it) => it.ariaLabel);
  const said = (one) => [one.innerText, ...spoken(one)].join(" ");
  const named = "main :is(label, legend, h5, h6, p, span)";
  const heads = [...document.querySelectorAll(named)].filter((it) => clean(it.innerText) === title);
  return heads.some((head) => {
    let around = head;
    while (around && !said(around).includes(sentence)) around = around.parentElement;
    const controls = [...(around?.querySelectorAll("input, select, textarea") ?? [])];
    const labels = controls.map((it) => clean(it.labels?.[0]?.innerText)).filter(Boolean);
    return around && labels.every((label) => own.has(label) || ["Yes", "No"].includes(label));
  });
}

// The box at a path, and those inside of it.
function boxAt(schema, path) {
  let box = schema;
  for (const step of path) box = box?.properties?.[step] ?? box?.items ?? box;
  return box;
}

async function standsAt(manifest, { path, text }) {
  const box = boxAt(manifest.form_schema, path);
  const inner = [...boxes(box), ...boxes(box.items ?? {})].map((one) => one.title);
  const found = page.waitForFunction(stands, [box.title, inner, text], { timeout: 10_000 });
  return found.then(() => true, () => false);
}

// What was sent, without empty lists: RJSF sends one for a list that must be given.
function filled(sent) {
  const kept = Object.entries(sent).filter(([, value]) => !(Array.isArray(value) && !value.length));
  return Object.fromEntries(kept);
}

// The boxes that are not there: text and numbers are in controls of their name, the rest at least a heading.
async function missing(manifest) {
  await open();
  const { controls, shown } = await page.evaluate(names);
  const all = boxes(manifest.form_schema);
  return all.filter(({ title, type }) => {
    const isText = ["string", "integer", "number"].includes(type);
    const there = count(isText ? controls : [...controls, ...shown], title);
    const alike = all.filter((box) => box.title === title && (!isText || box.type === type));
    return there < alike.length;
  });
}

async function everyBoxIsThere(library, id) {
  const manifest = await draw(library, id);
  const end = Date.now() + 30_000;
  let lacking = await missing(manifest);
  while (lacking.length && Date.now() < end) {
    await forgetWhatWasOpened();
    lacking = await missing(manifest);
  }
  assert.deepEqual(lacking.map((box) => box.title), []);
  const titles = boxes(manifest.form_schema).map((box) => box.title);
  for (const { key } of manifest.inputs) assert.ok(titles.includes(key), key);
}

async function axeFindsNothingSerious(library) {
  const found = await page.evaluate(() => window.axe.run("main"));
  const known = KNOWN[library] ?? [];
  const serious = found.violations.filter(
    (one) => /serious|critical/.test(one.impact) && !known.includes(one.id),
  );
  const told = serious.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`);
  assert.deepEqual(told, []);
}

// --- all actions ---------------------------------------------------------------------------------

for (const library of LIBRARIES) {
  for (const id of actions) {
    test(`${library} ${id}: every box is there under its display key`, async () => {
      await everyBoxIsThere(library, id);
    });

    test(`${library} ${id}: its example runs, and nothing else is sent`, async () => {
      const example = await ask(`example/${id}`);
      await draw(library, id, example);
      const { status, sent, text } = await submit();
      assert.equal(status, 200, text);
      assert.deepEqual(sent, example);
    });

    test(`${library} ${id}: nothing typed, the required messages stand at their controls`, async () => {
      const manifest = await draw(library, id);
      const { sent, problems_at: problems = [] } = await submit();
      const required = manifest.form_schema.required ?? [];
      const left = filled(sent);
      // An object that must be there is drawn, and sent, as one in which nothing is typed.
      for (const name of required) if (JSON.stringify(left[name]) === "{}") delete left[name];
      assert.deepEqual(left, {});
      for (const name of required) assert.ok(problems.some(({ path }) => path[0] === name), name);
      for (const problem of problems) {
        assert.ok(await standsAt(manifest, problem), problem.text);
      }
    });

    test(`${library} ${id}: axe finds nothing serious`, async () => {
      await draw(library, id, await ask(`example/${id}`));
      await open();
      await axeFindsNothingSerious(library);
    });
  }
}

for (const library of LIBRARIES) {
  for (const id of ["options", "connection"]) {
    test(`${library} ${id}: drawn as an action's form is`, async () => {
      await everyBoxIsThere(library, id);
      await axeFindsNothingSerious(library);
    });
  }
}

for (const id of actions) {
  test(`plain ${id}: RJSF as it comes sends the example`, async () => {
    const example = await ask(`example/${id}`);
    await draw("plain", id, example);
    const { status, sent, text } = await submit();
    assert.equal(status, 200, text);
    assert.deepEqual(sent, example);
  });
}

// --- wrong values --------------------------------------------------------------------------------

const SENT = { collection_method: "send_invoice" };
// What is wrong, the action, what is there beside it, path, what is typed, our sentence.
const WRONG = [
  ["a wrong one-of", "create_invoice", { collection_method: "by_mail" }, ["collection_method"], null,
    /^Collection Method must be one of charge_automatically, send_invoice/],
  ["a wrong nested number", "create_price", { recurring: { interval: "year" } },
    ["recurring", "interval_count"], "4", /^Recurring › .* at most three years; got 4/],
  ["a bad currency", "create_price", {}, ["currency"], "dollars",
    /^Currency must be a three-letter ISO currency code, such as usd; got "dollars"/],
  ["a foreign ID", "retrieve_product", {}, ["id"], "cus_123", /No such product: 'cus_123'/],
  ["a past date", "create_invoice", SENT, ["due_date"], "1000000000",
    /^Due Date must be a time in the future; got 1000000000, which is 2001-09-09/],
];

for (const library of LIBRARIES) {
  for (const [what, id, beside, path, typed, sentence] of WRONG) {
    test(`${library}: ${what} shows our sentence at its control`, async () => {
      const example = await ask(`example/${id}`);
      for (const name of ["days_until_due", ...path.slice(-1)]) delete example[name];
      const manifest = await draw(library, id, { ...example, ...beside });
      const box = boxAt(manifest.form_schema, path);
      if (typed) await page.getByLabel(box.title).first().fill(typed);
      const reply = await submit();
      if (typed) assert.equal(String(valueAt(reply.sent, path)), typed);
      const told = reply.problems_at ?? [{ path: reply.path, text: reply.text }];
      const [problem] = told.filter((one) => String(one.path) === String(path));
      assert.match(problem?.text ?? JSON.stringify(reply), sentence);
      assert.ok(await standsAt(manifest, problem), problem.text);
    });
  }

  test(`${library}: a form is filled and sent by keyboard alone`, async () => {
    await draw(library, "create_product");
    const focused = () => page.evaluate(() => document.activeElement?.labels?.[0]?.innerText ?? "");
    const into = async (title) => {
      for (let tabs = 0; tabs < 40; tabs += 1) {
        await page.keyboard.press("Tab");
        if ((await focused()).replace("*", "").trim() === title) return;
      }
      assert.fail(`Tab does not come to ${title}`);
    };
    await into("Name");
    await page.keyboard.type("Lamp");
    await into("Description");
    await page.keyboard.type("Bright");
    for (let tabs = 0; tabs < 40; tabs += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement?.innerText === "Submit")) break;
    }
    const { status, sent } = await submit(() => page.keyboard.press("Enter"));
    assert.deepEqual([status, filled(sent)], [200, { name: "Lamp", description: "Bright" }]);
  });

  test(`${library}: a truth is Yes, No, or taken back`, async () => {
    await draw(library, "list_products");
    for (const [choice, active] of [["Yes", true], ["No", false], ["", undefined]]) {
      await page.getByLabel("Active").selectOption(choice ? { label: choice } : { index: 0 });
      const { sent } = await submit();
      assert.deepEqual(sent, active === undefined ? {} : { active });
    }
  });

  test(`${library}: a choice is shown in words`, async () => {
    await draw(library, "create_invoice");
    const box = page.getByLabel("Collection Method");
    if (library === "material") {
      await box.click();
      await page.getByRole("option", { name: "Send invoice" }).click();
    } else {
      await box.selectOption({ label: "Send invoice" });
    }
    const { sent } = await submit();
    assert.deepEqual(sent, { collection_method: "send_invoice" });
  });

  test(`${library}: pictures to look at`, async () => {
    for (const id of SHOWN) {
      await draw(library, id, await ask(`example/${id}`));
      await open();
      await page.screenshot({ path: `${SHOTS}/${library}-${id}.png`, fullPage: true });
    }
  });
}

for (const id of actions) {
  test(`checked ${id}: JSON Forms' own validator takes the example`, async () => {
    await draw("checked", id, await ask(`example/${id}`));
    await page.waitForFunction(() => window.found !== null);
    assert.deepEqual(await page.evaluate(() => window.found), []);
  });
}

test("JSON Forms' own validator speaks in our words", async () => {
  const inputs = { unit_amount: -1, recurring: { interval: "month", interval_count: 0 } };
  await draw("checked", "create_price", inputs);
  const said = await page.locator("main").innerText();
  for (const words of [
    "Currency is required.",
    "Unit Amount must be at least 0.",
    "Recurring › Interval Count must be at least 1",
  ]) {
    assert.ok(said.includes(words), said);
  }
});

test("rjsf: money and times are typed as people write them", async () => {
  const example = await ask("example/create_price");
  delete example.unit_amount;
  await draw("rjsf", "create_price", example);
  await page.getByLabel("Unit Amount").fill("15.00 USD");
  assert.equal((await submit()).output.unit_amount, 1500);
  const { customer } = await ask("example/create_invoice");
  await draw("rjsf", "create_invoice", { customer, collection_method: "send_invoice" });
  await page.getByLabel("Due Date").fill("2031-01-31T09:00:00Z");
  assert.equal((await submit()).output.due_date, Date.UTC(2031, 0, 31, 9) / 1000);
});

test("RJSF's own validator speaks in our words", async () => {
  await draw("plain", "create_price", { currency: "dollars", unit_amount: -1 });
  await page.getByRole("button", { name: "Submit", exact: true }).click();
  const said = await page.locator("main").innerText();
  for (const words of ["Currency must be a three-letter ISO", "Unit Amount must be at least 0."]) {
    assert.ok(said.includes(words), said);
  }
});

test("no page has told of an error", () => {
  assert.deepEqual(faults, []);
});
