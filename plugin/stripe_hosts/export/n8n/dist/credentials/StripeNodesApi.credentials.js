// Which `stripe-nodes serve` is called, and how is it tried? It is asked what its key may do.
const credential = require('../credential.json');
const { permissions } = require('../derived.json');

// n8n shows fixed sentences only: one for each permission that may be the first that is missing.
const lacking = (value) => {
  const message = `The server's key lacks "${value}": allow it at Stripe, or serve fewer actions`;
  return { type: 'responseSuccessBody', properties: { key: 'missing[0]', value, message } };
};

credential.test.rules.push(...permissions.map(lacking));
exports.StripeNodesApi = function StripeNodesApi() { Object.assign(this, credential); };
