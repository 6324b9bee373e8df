// What does the node send to `stripe-nodes serve`, and what does it say of the answer?
const { NodeApiError, NodeOperationError } = require('n8n-workflow');
const description = require('../node.json');
const { manifestVersion, properties: [resource, ...properties] } = require('../derived.json');

// What nobody typed is not sent; 0 and false are typed.
const isLeft = (value) =>
  value === '' || (typeof (value ?? {}) === 'object' && Object.keys(value ?? {}).length === 0);
const fieldsOf = (values) => {
  const bare = Object.entries(values).map(([name, it]) => [name, it?.__rl ? it.value : it]);
  const typed = bare.filter(([, value]) => !isLeft(value));
  return Object.fromEntries(typed.map(([name, value]) => [name, plain(value)]));
};
// But for whose run it is, and which: where an expression finds nothing, the server refuses it.
const NAMING = ['account', 'idempotency_key'];
const optionsOf = (options) => {
  const said = NAMING.filter((name) => name in options).map((name) => [name, options[name] ?? '']);
  return { ...fieldsOf(options), ...Object.fromEntries(said) };
};
// As text, in which the server sees a key that is there twice.
const pair = ({ key, value }) => `${JSON.stringify(String(key))}:${JSON.stringify(value ?? '')}`;
const GROUPS = {
  fieldsOf,
  itemsOf: (items) => items.map(fieldsOf),
  pairsOf: (pairs) => `{${pairs.map(pair)}}`,
};
const plain = (value) => {
  const [kind] = typeof value === 'object' ? Object.keys(value) : [];
  return Object.hasOwn(GROUPS, kind) ? GROUPS[kind](value[kind]) : value;
};

async function asked(request) {
  const { run, inputs, options, ...others } = request.body;
  const body = { ...others, run: `${run}/${this.getInstanceId()}` };
  return { ...request, body: { ...body, inputs: fieldsOf(inputs), options: optionsOf(options) } };
}

async function reached(request) {
  try {
    return await this.makeRoutingRequest(request);
  } catch (error) {
    const { code } = error.cause ?? error;
    if (!code) throw error;
    const message = `No answer from ${request.options.baseURL}`;
    const description = `${code}: see that "stripe-nodes serve" runs there, and what the credential `
      + 'has. If the action was on its way, it may be done: Retry on Fail does it only once.';
    throw new NodeApiError(this.getNode(), {}, { message, description });
  }
}

// A new execution is another run, with a key of its own.
const ONCE = 'Retry on Fail, or the same Idempotency Key, does it only once; a new execution may do it again.';

function adviceOf({ advice, error, problems_at: named }) {
  if (error?.outcome_unknown) return ONCE;
  return named?.length ? 'Change what it names, and run this again.' : advice;
}

async function answered(items, { statusCode, body }) {
  const strange = `Something else than "stripe-nodes serve" answered, with HTTP ${statusCode}`;
  const { output, detail: message = strange } = Object(body);
  if (statusCode === 200 && output) return [{ json: output }];
  const description = adviceOf(Object(body));
  throw new NodeApiError(this.getNode(), {}, { message, description, httpCode: `${statusCode}` });
}

const choicesOf = (row) => async function (search, cursor) {
  const { url, account } = await this.getCredentials('stripeNodesApi');
  const { operation } = this.getCurrentNodeParameters();
  const body = fieldsOf({ row, search, cursor, account });
  const place = { baseURL: url, url: `/actions/${operation}/choices`, method: 'POST' };
  const ask = this.helpers.httpRequestWithAuthentication;
  const found = await ask.call(this, 'stripeNodesApi', { ...place, json: true, body });
  // An error hides the box that is searched in: what a search does not find is an empty list.
  const nothing = !found.items.length && !search;
  if (found.note && nothing) throw new NodeOperationError(this.getNode(), found.note);
  const named = ({ label, hint, value }) => ({ name: hint ? `${label} · ${hint}` : label, value });
  return { results: found.items.map(named), paginationToken: found.cursor };
};
const places = JSON.stringify(properties).matchAll(/"searchListMethod":"([^"]+)"/g);
const listSearch = Object.fromEntries([...places].map(([, row]) => [row, choicesOf(row)]));

description.requestOperations = { pagination: reached };
description.requestDefaults.headers = { 'Stripe-Nodes-Manifest': manifestVersion };
resource.routing = { send: { preSend: [asked], paginate: true }, output: { postReceive: [answered] } };
description.properties = [resource, ...properties];

exports.StripeNodes = class StripeNodes {
  description = description;
  methods = { listSearch };
};
