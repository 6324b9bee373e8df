// What does the node send to `stripe-nodes serve`, and what does it say of the answer?
const { NodeApiError } = require('n8n-workflow');
const description = require('../node.json');
const [resource, ...properties] = require('../derived.json').properties;

// What nobody typed is not sent; 0 and false are typed.
const isLeft = (value) =>
  value === '' || (typeof (value ?? {}) === 'object' && Object.keys(value ?? {}).length === 0);
const fieldsOf = (values) => {
  const typed = Object.entries(values).filter(([, value]) => !isLeft(value));
  return Object.fromEntries(typed.map(([name, value]) => [name, plain(value)]));
};
// As text, in which the server sees a key that is there twice.
const pair = ({ key, value }) => `${JSON.stringify(String(key))}:${JSON.stringify(value)}`;
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
  return { ...request, body: { ...body, inputs: fieldsOf(inputs), options: fieldsOf(options) } };
}

async function reached(request) {
  try {
    return await this.makeRoutingRequest(request);
  } catch (error) {
    const { code, message: why } = error.cause ?? error;
    if (!code) throw error;
    const message = `No answer from ${request.options.baseURL}: ${why}`;
    const description = 'See that "stripe-nodes serve" runs there, and what the credential has. '
      + 'If the action was on its way, it may be done: Retry on Fail does it only once.';
    throw new NodeApiError(this.getNode(), {}, { message, description });
  }
}

async function answered(items, { statusCode, body }) {
  if (statusCode < 300) return items;
  const strange = `Something else than "stripe-nodes serve" answered, with HTTP ${statusCode}`;
  const { detail: message = strange, advice: description } = Object(body);
  throw new NodeApiError(this.getNode(), {}, { message, description, httpCode: `${statusCode}` });
}

description.requestOperations = { pagination: reached };
resource.routing = { send: { preSend: [asked], paginate: true }, output: { postReceive: [answered] } };
description.properties = [resource, ...properties];

exports.StripeNodes = class StripeNodes {
  description = description;
};
