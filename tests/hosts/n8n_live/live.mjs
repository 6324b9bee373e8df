// Does a person who uses n8n get a price, and our sentence where none can be made?
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { parse } from 'flatted';
import { chromium } from 'playwright-core';

const { N8N, DOOR, TOKEN, CHROMIUM, SHOTS } = process.env;
const NODE = 'n8n-nodes-stripe-nodes.stripeNodes';
const OWNER = { email: 'owner@example.com', password: 'Password1', firstName: 'O', lastName: 'W' };
mkdirSync(SHOTS, { recursive: true });

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1500, height: 1000 } });

// The editor's own requests, from its page: with its cookie, and as the browser that it knows.
const ask = async (method, path, body) => {
  const told = await page.evaluate(async ([method, path, body]) => {
    const id = localStorage.getItem('n8n-browserId') ?? '';
    const headers = { 'content-type': 'application/json', 'browser-id': id };
    const response = await fetch(`/rest${path}`, { method, headers, body });
    return [response.status, await response.text()];
  }, [method, path, body && JSON.stringify(body)]);
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

// --- the credential, and what its test says ------------------------------------------------------

const data = { url: `${DOOR}/`, token: TOKEN, account: 'shop' };
const credential = async (name, changed) => {
  const about = { name, type: 'stripeNodesApi', data: { ...data, ...changed } };
  const kept = await ask('POST', '/credentials', about);
  const credentials = { ...kept, data: about.data };
  const { status, message } = await ask('POST', '/credentials/test', { credentials });
  return { use: { stripeNodesApi: { id: kept.id, name } }, said: `${status}: ${message}` };
};
const good = await credential('Good', {});
const foreign = await credential('Wrong token', { token: 'x'.repeat(20) });
const dead = await credential('Nobody there', { url: 'http://127.0.0.1:9' });
const keyless = await credential('Wrong key', { account: 'wrong_key' });
const broken = await credential('Broken', { account: 'broken' });
const restricted = await credential('Restricted key', { account: 'restricted' });
const stranger = await credential('Unknown account', { account: 'none' });
for (const { use, said } of [good, foreign, dead, keyless, restricted, broken, stranger]) {
  console.log(`${use.stripeNodesApi.name}: ${said}`);
}
assert.match(good.said, /^OK/);
assert.match(foreign.said, /^Error: The token/);
assert.match(keyless.said, /^Error: Stripe refuses the server's key/);
assert.match(restricted.said, /^Error: The server's key lacks "Prices: Read"/);

// --- runs ----------------------------------------------------------------------------------------

const start = { id: 's', name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1,
  position: [0, 0], parameters: {} };
const to = (node) => ({ main: [[{ node, type: 'main', index: 0 }]] });
const workflow = (name, parameters, { use = good.use, ...settings } = {}) => {
  const step = { type: NODE, typeVersion: 1, position: [220, 0], credentials: use, ...settings };
  const nodes = [start, { id: 'n', name: 'Node', parameters, ...step }];
  const connections = { Start: to('Node') };
  return ask('POST', '/workflows', { name, nodes, connections, settings: {} });
};
const executed = async (made) => {
  const asked = { workflowData: made, triggerToStartFrom: { name: 'Start' } };
  const { executionId } = await ask('POST', `/workflows/${made.id}/run`, asked);
  for (;;) {
    const execution = await ask('GET', `/executions/${executionId}`);
    if (execution.stoppedAt) return parse(execution.data).resultData.runData.Node[0];
    await wait(200);
  }
};
const ran = async (...of) => executed(await workflow(...of));
const refused = async (name, said, ...of) => {
  const { error } = await ran(name, ...of);
  console.log(`${name}: ${error?.message} | ${error?.description}`);
  assert.match(error?.message, said);
  return error;
};

const price = { resource: 'price', operation: 'create_price', currency: 'usd' };
const right = { ...price, unit_amount: '0', product_data: { fieldsOf: { name: 'Lamp', active: false } },
  additionalFields: { recurring: { fieldsOf: { interval: 'month', interval_count: '' } },
    metadata: { pairsOf: [{ key: 'a', value: '1' }] } } };
const made = (await ran('Right', right)).data.main[0][0].json;
console.log('Right:', JSON.stringify(made));
assert.deepEqual([made.unit_amount, made.recurring.interval, made.metadata], [0, 'month', { a: '1' }]);

const choice = async (methodName, currentNodeParameters, searched) => {
  const of = { name: NODE, version: 1 };
  const { results } = await ask('POST', '/dynamic-node-parameters/resource-locator-results', {
    methodName, nodeTypeAndVersion: of, currentNodeParameters, credentials: good.use, path: 'p',
    filter: searched });
  return results;
};
const [lamp, ...others] = await choice('Product', price, 'lam');
console.log('Chosen:', lamp, others);
assert.deepEqual([lamp, others], [{ name: `Lamp · ${made.product} · archived`, value: made.product }, []]);
const product = { __rl: true, mode: 'list', value: lamp.value, cachedResultName: lamp.name };
const second = await ran('Chosen', { ...price, unit_amount: '5', product });
assert.equal(second.data.main[0][0].json.product, lamp.value);
const monthly = { resource: 'subscription', operation: 'create_subscription' };
console.log('Chosen inside:', await choice('Items › Price', monthly));

const lost = { ...price, unit_amount: '1', product: 'prod_none' };
await refused('Refused by Stripe', /Product.*No such product/, lost);
await refused('Refused by us', /Unit Amount/, { ...right, unit_amount: 'many' });
await refused('Key twice', /Metadata has the key "a" twice/, { ...right, additionalFields: {
  metadata: { pairsOf: [{ key: 'a', value: '1' }, { key: 'a', value: '2' }] } } });
const pay = { resource: 'payment_intent', operation: 'create_payment_intent', amount: '5000',
  currency: 'usd', additionalFields: { payment_method: 'pm_card_chargeDeclined', confirm: true },
  options: { extra: '{"payment_method_types": ["card"]}' } };
await refused('Refused card', /declined/, pay);
await refused('Wrong token', /token/, right, foreign);
await refused('Nobody there', /No answer from http:\/\/127.0.0.1:9/, right, dead);
await refused('Wrong key', /Invalid API Key/, right, keyless);
const unknown = await refused('Unknown outcome', /may have been executed/, right, broken);
assert.match(unknown.description, /Retry on Fail.*only once/);
await refused('Unknown account', /account/, right, stranger);
await refused('Another version', /no action/, { ...right, operation: 'create_moon' });
await refused('Too slow for n8n', /No answer/, { ...right, requestOptions: { timeout: 1 } });

// --- under which name it is done, where it is tried again ---------------------------------------

const asked = [];
const server = createServer(async (request, response) => {
  const { run, step, item } = JSON.parse((await request.toArray()).join(''));
  asked.push([run, step, item].join(' '));
  response.writeHead(asked.length > 2 ? 200 : 503, { 'content-type': 'application/json' });
  response.end('{"output": {"id": "x"}}');
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const noted = await credential('Noted', { url: `http://127.0.0.1:${server.address().port}` });
asked.splice(0, 1, 'the test of the credential');
await ran('Again', right, { ...noted, retryOnFail: true, maxTries: 2, waitBetweenTries: 1 });
server.close();
console.log(asked);
assert.match(asked[1], /^n8n\/\w+\/\d+\/[0-9a-f]+ n 0\/0$/);
assert.equal(asked[2], asked[1]);
assert.equal(asked.length, 3);

// --- what a person sees --------------------------------------------------------------------------

const seen = async (name, parameters, shot, { run, choose }) => {
  const { id } = await workflow(name, parameters);
  await page.goto(`${N8N}/workflow/${id}`);
  if (run) {
    await page.click('[data-test-id="execute-workflow-button"]');
    await page.waitForSelector('[data-test-id="clear-execution-data-button"], .el-notification');
  }
  await page.dblclick('[data-test-id="canvas-node"][data-node-name="Node"]');
  await page.waitForSelector('[data-test-id="parameter-input-operation"], [data-test-id="ndv"]');
  await wait(2000); // what unfolds
  if (choose) {
    await page.click(`[data-test-id="resource-locator-${choose}"] input[placeholder="Choose..."]`);
    await page.waitForSelector('text=Lamp');
    await wait(1000);
  }
  await page.screenshot({ path: `${SHOTS}/${shot}.png` });
};
await seen('Form', right, 'form', { run: false });
await seen('Result', right, 'result', { run: true });
await seen('Choose', { ...price, unit_amount: '5' }, 'choose', { run: false, choose: 'product' });
await seen('Error', lost, 'error', { run: true });
await browser.close();
