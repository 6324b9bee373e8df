// Which `stripe-nodes serve` is called, and how is it tried? By an action that changes nothing.
const credential = require('../credential.json');
const { action, inputs } = require('../derived.json').trial;

credential.test.request.url = `/actions/${action}/runs`;
credential.test.request.body.inputs = inputs;
exports.StripeNodesApi = function StripeNodesApi() { Object.assign(this, credential); };
