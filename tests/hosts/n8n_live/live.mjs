// Does a person who uses n8n get a price, and our sentence where none can be made?
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const { N8N, DOOR, TOKEN, CHROMIUM, SHOTS } = process.env;
const NODE = 'n8n-nodes-stripe-nodes.stripeNodes';
const OWNER = { email: 'owner@example.com', password: 'Password1', firstName: 'O', lastName: 'W' };
mkdirSync(SHOTS, { recursive: true });

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1500, height: 1000 } });
const shot = (name) => page.screenshot({ path: `${SHOTS}/${name}.png` });

// The editor's own requests, from its page: with its cookie, and as the browser that it knows.
const ask = async (method, path, body) => {
  const told = await page.evaluate(async ([method, path, body]) => {
    const id = localStorage.getItem('n8n-browserId') ?? '';
    const headers = { 'content-type': 'application/json', 'browser-id': id };
    const sent = { method, headers, body: body && JSON.stringify(body) };
    const response = await fetch(`/rest${path}`, sent);
    return [response.status, await response.text()];
  }, [method, path, body]);
  assert(told[0] < 300, `${method} ${path}: ${told}`);
  return JSON.parse(told[1]).data;
};

await page.goto(N8N);
await page.waitForURL('**/setup');
for (const [name, value] of Object.entries(OWNER)) {
  await page.fill(`input[name="${name}"]`, value);
}
await page.click('button:has-text("Next")');
await page.waitForURL((url) => !url.pathname.includes('setup'));

const data = { url: `${DOOR}/`, token: TOKEN, account: '' };
const kept = await ask('POST', '/credentials', { name: 'Door', type: 'stripeNodesApi', data });
const tried = async (changed) => {
  const credentials = { ...kept, data: { ...data, ...changed } };
  return ask('POST', '/credentials/test', { credentials });
};
console.log('credential', await tried({}), await tried({ token: 'x'.repeat(20) }),
  await tried({ url: 'http://127.0.0.1:9' }));

const credentials = { stripeNodesApi: { id: kept.id, name: kept.name } };
const start = { id: 's', name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1,
  position: [0, 0], parameters: {} };
const next = (name, at, parameters) => ({ id: name, name, type: NODE, typeVersion: 1,
  position: [at * 220, 0], parameters, credentials });
const to = (node) => ({ main: [[{ node, type: 'main', index: 0 }]] });
const product = { resource: 'product', operation: 'create_product', name: 'Lamp' };
const price = { resource: 'price', operation: 'create_price', currency: 'usd', unit_amount: '0' };
const right = { ...price, product: '={{ $json.id }}',
  additionalFields: { active: false, recurring: { fieldsOf: { interval: 'month' } },
    metadata: { pairsOf: [{ key: 'a', value: '1' }] } } };
const wrong = { ...price, product: 'prod_none' };
const opened = async (name, parameters) => {
  const nodes = [start, next('Product', 1, product), next('Price', 2, parameters)];
  const connections = { Start: to('Product'), Product: to('Price') };
  const made = await ask('POST', '/workflows', { name, nodes, connections, settings: {} });
  await page.goto(`${N8N}/workflow/${made.id}`);
  await page.waitForSelector('[data-test-id="canvas-node"]');
};
const run = async () => {
  await page.keyboard.press('Escape');
  await page.click('[data-test-id="execute-workflow-button"]');
};
const open = (name) => page.dblclick(`[data-test-id="canvas-node"][data-node-name="${name}"]`);

await opened('Right', right);
await open('Price');
await page.waitForTimeout(1500);
await shot('form');
await run();
await page.waitForTimeout(4000);
await open('Price');
await page.waitForTimeout(1500);
await shot('result');
await opened('Wrong', wrong);
await run();
await page.waitForTimeout(4000);
await open('Price');
await page.waitForTimeout(1500);
await shot('error');
await browser.close();
