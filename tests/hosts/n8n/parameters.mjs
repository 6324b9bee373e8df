// Does n8n show of each action its rows and no other, and is only sent what was typed?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { StripeNodesApi } from './built/dist/credentials/StripeNodesApi.credentials.js';
import { StripeNodes } from './built/dist/nodes/StripeNodes.node.js';

const require = createRequire(import.meta.url);
const { NodeHelpers } = require('n8n-workflow');
const get = require('lodash/get'); // as n8n does
const { description } = new StripeNodes();
const { properties } = description;
const manifests = JSON.parse(readFileSync('built/manifests.json', 'utf-8'));
const node = (parameters) => ({ name: 'N', type: 'n', typeVersion: 1, position: [0, 0], parameters });

// The parameters as n8n keeps them, with its defaults, and those of them that it shows.
const kept = (parameters) =>
  NodeHelpers.getNodeParameters(properties, parameters, true, false, node(parameters), description);
const shown = (parameters) => properties.filter((property) =>
  NodeHelpers.displayParameter(parameters, property, node(parameters), description));
const issues = (parameters) => {
  const found = NodeHelpers.getNodeParametersIssues(properties, node(kept(parameters)), description);
  return Object.values(found?.parameters ?? {}).flat();
};

// What its router makes of them: each is set in the body, then `asked` reads the whole.
const [{ routing }] = properties;
const context = { getInstanceId: () => 'here' };
const sent = async (parameters) => {
  const values = kept(parameters);
  const body = { run: 'n8n/w/1', inputs: {}, options: {} };
  const put = (property, value) => {
    const [member, name] = property.routing.send.property.split('.');
    body[member][name] = value;
  };
  for (const property of shown(values)) {
    const { name, type, options } = property;
    if (property.routing?.send?.property) put(property, values[name]);
    if (type !== 'collection') continue;
    const added = options.filter((option) => option.name in values[name]);
    added.forEach((option) => put(option, values[name][option.name]));
  }
  const [preSend] = routing.send.preSend;
  return (await preSend.call(context, { body })).body;
};

assert(manifests.some(({ recipe }) => recipe), 'there is no recipe among them');
assert(manifests.some(({ id }) => id.startsWith('search_')), 'there is no search among them');
for (const { id, resource, inputs } of manifests) {
  const here = { resource, operation: id };
  const rows = shown(kept(here)).flatMap((property) =>
    property.name === 'additionalFields' ? property.options : [property]);
  const names = rows.filter(({ routing: to }) => to?.send?.property?.startsWith('inputs.'));
  assert.deepEqual(
    names.map(({ displayName }) => displayName).sort(), inputs.map(({ key }) => key).sort(), id);
  const body = await sent(here);
  assert.deepEqual([body.inputs, body.options], [{}, {}], `${id}: nobody typed that`);
  const said = issues(here).join();
  for (const { key, required, fields } of inputs) {
    // That a group is empty n8n does not see; it is refused by who serves the action.
    if (required && !fields) assert(said.includes(`"${key}"`), `${id}: ${key} is not asked for: ${said}`);
  }
}

const typed = await sent({
  resource: 'price',
  operation: 'create_price',
  currency: 'usd',
  unit_amount: '0',
  product_data: { fieldsOf: { name: 'Lamp', active: false, tax_code: '' } },
  additionalFields: {
    recurring: { fieldsOf: { interval: 'month', interval_count: 0, usage_type: '' } },
    metadata: { pairsOf: [{ key: 'a', value: '' }, { key: 'a', value: '0' }] },
    nickname: '',
  },
  options: { deadline: 0, expand: ['product'], extra: '' },
});
assert.deepEqual(typed, {
  run: 'n8n/w/1/here',
  inputs: {
    currency: 'usd',
    unit_amount: '0',
    product_data: { name: 'Lamp', active: false },
    recurring: { interval: 'month', interval_count: 0 },
    metadata: '{"a":"","a":"0"}',
  },
  options: { deadline: 0, expand: ['product'] },
});
const chosen = (value) => ({ __rl: true, mode: 'list', value });
const items = await sent({
  resource: 'subscription',
  operation: 'create_subscription',
  customer: chosen('cus_1'),
  items: { itemsOf: [
    { price: chosen('price_1'), quantity: '0' }, { price: chosen(''), quantity: '' }] },
});
assert.deepEqual(items.inputs, {
  customer: 'cus_1',
  items: [{ price: 'price_1', quantity: '0' }, {}] });

for (const name of ['account', 'idempotency_key']) {
  for (const [found, given] of [['', ''], [null, ''], ['order-1', 'order-1']]) {
    const options = { [name]: found, extra: '' };
    const body = await sent({ resource: 'price', operation: 'create_price', options });
    assert.deepEqual(body.options, { [name]: given });
  }
}

// What its credential's test says of what the server answers: n8n shows the first rule that fits.
const { rules } = new StripeNodesApi().test;
const told = (answer) => rules.find(({ type, properties: { key, value } }) =>
  type === 'responseSuccessBody' && get(answer, key) === value)?.properties.message;
const fine = { reachable: true, refused: false, missing: [] };
assert.equal(told(fine), undefined);
assert.match(told({ ...fine, reachable: false }), /did not answer/);
assert.match(told({ ...fine, refused: true, missing: ['Prices: Read'] }), /refuses the server's key/);
for (const { permission } of manifests) {
  if (permission) assert(told({ ...fine, missing: [permission] }).includes(`"${permission}"`), permission);
}

// A new execution is another run: of what may be done, it is not said to run it again.
const [postReceive] = routing.output.postReceive;
const advised = async (error) => {
  const body = { detail: 'No answer came.', advice: 'Run it again.', error, problems_at: [] };
  const asking = { getNode: () => node({}) };
  return postReceive.call(asking, [], { statusCode: 502, body }).catch(({ description: said }) => said);
};
assert.match(await advised({ outcome_unknown: true }), /Retry on Fail.* only once; a new execution may/);
assert.equal(await advised({ outcome_unknown: false }), 'Run it again.');
