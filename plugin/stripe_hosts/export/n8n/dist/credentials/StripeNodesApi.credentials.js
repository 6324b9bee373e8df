// Which `stripe-nodes serve` is called, and how is it tried? By an action that changes nothing.
const credential = require('../credential.json');
const { requestDefaults } = require('../node.json');
const { action, inputs } = require('../derived.json').trial;

const { baseURL, method, body: { account } } = requestDefaults;
const request = { baseURL, method, url: `/actions/${action}/runs`, body: { account, inputs } };

exports.StripeNodesApi = function StripeNodesApi() {
  Object.assign(this, credential, { test: { request, ...credential.test } });
};
