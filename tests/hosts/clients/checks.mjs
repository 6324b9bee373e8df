// What users of Stripe's library for Node do with it, on the emulator at this address.
// `node checks.mjs ADDRESS`: prints of each check what failed, or nothing, as JSON.
import assert from "node:assert/strict";
import Stripe from "stripe";

const DAY = 86_400;
const START = 1_790_000_000;
const PAGE = "https://shop.example/thanks";
const SECRET = "whsec_of_these_tests";

const fails = async (promise, type, expected) => {
  const error = await promise.then(() => assert.fail("nothing was refused"), (found) => found);
  assert.equal(error.type, type, error.message);
  for (const [name, value] of Object.entries(expected)) assert.equal(error[name], value, name);
  return error;
};

// What most checks begin with.
class Shop {
  constructor(address, stripeAccount) {
    const { protocol, hostname: host, port } = new URL(address);
    this.address = address;
    this.options = { protocol: protocol.slice(0, -1), host, port, stripeAccount };
    this.stripe = this.client("sk_test_x");
  }
  client(key) {
    return new Stripe(key, this.options);
  }
  price(amount = 1000, given = {}) {
    const product_data = { name: "Box" };
    return this.stripe.prices.create({ currency: "usd", unit_amount: amount, product_data, ...given });
  }
  monthly(amount = 1000) {
    return this.price(amount, { recurring: { interval: "month" } });
  }
  payer(given = {}) {
    const card = "pm_card_visa";
    const invoice_settings = { default_payment_method: card };
    return this.stripe.customers.create({ payment_method: card, invoice_settings, ...given });
  }
  pay(given = {}) {
    return this.stripe.paymentIntents.create({
      amount: 2000,
      currency: "usd",
      confirm: true,
      payment_method: "pm_card_visa",
      automatic_payment_methods: { enabled: true, allow_redirects: "never" },
      ...given,
    });
  }
  async subscribe(given = {}) {
    const customer = given.customer ?? (await this.payer()).id;
    const price = (await this.monthly()).id;
    return this.stripe.subscriptions.create({ customer, items: [{ price }], ...given });
  }
  async owing() {
    const customer = (await this.payer()).id;
    await this.stripe.invoiceItems.create({ customer, amount: 1500, currency: "usd" });
    const given = { customer, pending_invoice_items_behavior: "include" };
    const draft = await this.stripe.invoices.create(given);
    return this.stripe.invoices.finalizeInvoice(draft.id);
  }
  order(fault) {
    return fetch(`${this.address}/_emulator/faults`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fault),
    });
  }
}

const CHECKS = {
  "Nested parameters and metadata of a customer arrive": async ({ stripe }) => {
    const given = { name: "Ann", address: { city: "Oslo" }, metadata: { k: "v" } };
    const made = await stripe.customers.create(given);
    assert.deepEqual([made.name, made.address.city, made.metadata.k], ["Ann", "Oslo", "v"]);
    assert.deepEqual({ ...(await stripe.customers.retrieve(made.id)) }, { ...made });
  },
  "An answer tells its request and its status": async ({ stripe }) => {
    const { lastResponse } = await stripe.customers.create({});
    assert.match(lastResponse.requestId, /^req_/);
    assert.equal(lastResponse.statusCode, 200);
  },
  "Metadata is added to, and a blank value takes its key away": async ({ stripe }) => {
    const made = await stripe.customers.create({ metadata: { a: "1", b: "2" } });
    const changed = await stripe.customers.update(made.id, { metadata: { a: "", c: "3" } });
    assert.deepEqual(changed.metadata, { b: "2", c: "3" });
  },
  "A blank name becomes null": async ({ stripe }) => {
    const made = await stripe.customers.create({ name: "Ann" });
    assert.equal((await stripe.customers.update(made.id, { name: "" })).name, null);
  },
  "Deleting answers with a stub, and so does retrieving afterwards": async ({ stripe }) => {
    const { id } = await stripe.customers.create({});
    const stub = { id, object: "customer", deleted: true };
    assert.deepEqual({ ...(await stripe.customers.del(id)) }, stub);
    assert.equal((await stripe.customers.retrieve(id)).deleted, true);
  },
  "A list is filtered, limited, and says that there are more": async ({ stripe }) => {
    for (const email of ["a@a.example", "b@b.example", "a@a.example"]) await stripe.customers.create({ email });
    const page = await stripe.customers.list({ email: "a@a.example", limit: 1 });
    assert.deepEqual([page.data.length, page.has_more], [1, true]);
    assert.equal((await stripe.customers.list({ created: { lt: START } })).data.length, 0);
  },
  "Automatic paging goes to the end": async ({ stripe }) => {
    const ids = [];
    for (let each = 0; each < 7; each += 1) ids.unshift((await stripe.customers.create({})).id);
    const found = [];
    for await (const row of stripe.customers.list({ limit: 3 })) found.push(row.id);
    assert.deepEqual(found, ids);
  },
  "Automatic paging into an array, backwards from a cursor": async ({ stripe }) => {
    const ids = [];
    for (let each = 0; each < 5; each += 1) ids.push((await stripe.customers.create({})).id);
    const back = stripe.customers.list({ limit: 2, ending_before: ids[0] });
    const rows = await back.autoPagingToArray({ limit: 100 });
    assert.deepEqual(rows.map((row) => row.id), ids.slice(1));
  },
  "A search follows its next pages": async ({ stripe }) => {
    for (let each = 0; each < 5; each += 1) await stripe.customers.create({ name: "Ann" });
    const found = stripe.customers.search({ query: "name:'Ann'", limit: 2 });
    assert.equal((await found.autoPagingToArray({ limit: 100 })).length, 5);
  },
  "Expanding puts objects where their IDs stood": async (shop) => {
    const made = await shop.price();
    assert.equal(typeof made.product, "string");
    const whole = await shop.stripe.prices.retrieve(made.id, { expand: ["product"] });
    const [row] = (await shop.stripe.prices.list({ expand: ["data.product"] })).data;
    assert.deepEqual([whole.product.name, row.product.name], ["Box", "Box"]);
  },
  "A decimal amount is not rounded": async ({ stripe }) => {
    const given = { currency: "usd", unit_amount_decimal: "12.5", product_data: { name: "Nail" } };
    const made = await stripe.prices.create(given);
    assert.deepEqual([made.unit_amount, String(made.unit_amount_decimal)], [null, "12.5"]);
  },
  "A lookup key finds its price": async (shop) => {
    const made = await shop.price(500, { lookup_key: "box" });
    const found = await shop.stripe.prices.list({ lookup_keys: ["box"] });
    assert.deepEqual(found.data.map((row) => row.id), [made.id]);
  },
  "A confirmed payment has succeeded": async (shop) => {
    const made = await shop.pay({ expand: ["latest_charge"] });
    assert.deepEqual([made.status, made.amount_received], ["succeeded", 2000]);
    assert.equal(made.latest_charge.payment_method_details.card.last4, "4242");
  },
  "An authorization is captured in part, another is canceled": async (shop) => {
    const first = await shop.pay({ capture_method: "manual" });
    const second = await shop.pay({ capture_method: "manual" });
    const taken = await shop.stripe.paymentIntents.capture(first.id, { amount_to_capture: 1500 });
    assert.equal(taken.amount_received, 1500);
    assert.equal((await shop.stripe.paymentIntents.cancel(second.id)).status, "canceled");
  },
  "A card that needs authentication leaves a next action": async (shop) => {
    const made = await shop.pay({ payment_method: "pm_card_authenticationRequired" });
    assert.equal(made.status, "requires_action");
    assert.ok(made.next_action.type);
  },
  "A declined card says why, and which payment it was": async (shop) => {
    const declined = shop.pay({ payment_method: "pm_card_chargeDeclinedInsufficientFunds" });
    const expected = { statusCode: 402, code: "card_declined", decline_code: "insufficient_funds" };
    const error = await fails(declined, "StripeCardError", expected);
    assert.equal(error.payment_intent.status, "requires_payment_method");
  },
  "A payment is refunded in parts, and no more than once": async (shop) => {
    const { refunds } = shop.stripe;
    const { id } = await shop.pay();
    assert.equal((await refunds.create({ payment_intent: id, amount: 500 })).status, "succeeded");
    assert.equal((await refunds.create({ payment_intent: id })).amount, 1500);
    const again = refunds.create({ payment_intent: id });
    await fails(again, "StripeInvalidRequestError", { code: "charge_already_refunded" });
  },
  "A setup saves a card, which is listed and detached": async ({ stripe }) => {
    const customer = (await stripe.customers.create({})).id;
    const saved = await stripe.setupIntents.create({
      customer,
      confirm: true,
      payment_method: "pm_card_visa",
      automatic_payment_methods: { enabled: true, allow_redirects: "never" },
    });
    const [card] = (await stripe.customers.listPaymentMethods(customer)).data;
    assert.equal(card.id, saved.payment_method);
    assert.equal((await stripe.paymentMethods.detach(card.id)).customer, null);
  },
  "A subscription is active when its first invoice is paid": async (shop) => {
    const made = await shop.subscribe({ expand: ["latest_invoice"] });
    assert.deepEqual([made.status, made.latest_invoice.status], ["active", "paid"]);
  },
  "A preview says what a change of plan bills": async (shop) => {
    const made = await shop.subscribe();
    const items = [{ id: made.items.data[0].id, price: (await shop.monthly(3000)).id }];
    const change = { items, proration_behavior: "always_invoice" };
    const asked = { subscription: made.id, subscription_details: change };
    const before = await shop.stripe.invoices.createPreview(asked);
    const given = { ...change, expand: ["latest_invoice"] };
    const changed = await shop.stripe.subscriptions.update(made.id, given);
    assert.deepEqual([before.total, changed.latest_invoice.total], [2000, 2000]);
  },
  "A subscription is to end with its period, and then ends at once": async (shop) => {
    const { subscriptions } = shop.stripe;
    const { id } = await shop.subscribe();
    const ending = await subscriptions.update(id, { cancel_at_period_end: true });
    assert.equal(ending.cancel_at_period_end, true);
    assert.equal((await subscriptions.cancel(id)).status, "canceled");
  },
  "A coupon takes a quarter off": async (shop) => {
    const coupon = (await shop.stripe.coupons.create({ percent_off: 25, duration: "once" })).id;
    const made = await shop.subscribe({ discounts: [{ coupon }], expand: ["latest_invoice"] });
    assert.equal(made.latest_invoice.total, 750);
  },
  "A customer on a test clock lives through a renewal": async (shop) => {
    const { testClocks } = shop.stripe.testHelpers;
    const clock = await testClocks.create({ frozen_time: START });
    const customer = (await shop.payer({ test_clock: clock.id })).id;
    const { id } = await shop.subscribe({ customer });
    await testClocks.advance(clock.id, { frozen_time: START + 40 * DAY });
    const { data } = await shop.stripe.invoices.list({ subscription: id });
    const reasons = data.map((row) => row.billing_reason);
    assert.deepEqual(reasons, ["subscription_cycle", "subscription_create"]);
  },
  "An invoice is finalized, read line by line, and paid": async (shop) => {
    const owing = await shop.owing();
    const lines = await shop.stripe.invoices.listLineItems(owing.id);
    assert.deepEqual(lines.data.map((row) => row.amount), [1500]);
    assert.equal((await shop.stripe.invoices.pay(owing.id)).status, "paid");
  },
  "A page to pay on has its total, its lines, and expires": async (shop) => {
    const line_items = [{ price: (await shop.price()).id, quantity: 2 }];
    const { sessions } = shop.stripe.checkout;
    const made = await sessions.create({ mode: "payment", success_url: PAGE, line_items });
    assert.equal(made.amount_total, 2000);
    assert.deepEqual((await sessions.listLineItems(made.id)).data.map((row) => row.quantity), [2]);
    assert.equal((await sessions.expire(made.id)).status, "expired");
  },
  "What happened is told by events": async ({ stripe }) => {
    const { id } = await stripe.customers.create({ name: "Ann" });
    await stripe.customers.update(id, { name: "Bea" });
    const [event] = (await stripe.events.list({ type: "customer.updated" })).data;
    assert.deepEqual([event.data.object.id, event.data.previous_attributes], [id, { name: "Ann" }]);
  },
  "A signed event is read, one with a changed byte is not": async ({ stripe }) => {
    await stripe.customers.create({});
    const payload = JSON.stringify((await stripe.events.list()).data[0]);
    const header = stripe.webhooks.generateTestHeaderString({ payload, secret: SECRET });
    const read = stripe.webhooks.constructEvent(payload, header, SECRET);
    assert.equal(read.type, "customer.created");
    const changed = stripe.webhooks.constructEventAsync(`${payload} `, header, SECRET);
    await fails(changed, "StripeSignatureVerificationError", {});
  },
  "What is wrong, unknown, or not there is named": async (shop) => {
    const { customers } = shop.stripe;
    const refused = "StripeInvalidRequestError";
    const missing = { statusCode: 404, code: "resource_missing", param: "id" };
    await fails(customers.retrieve("cus_no"), refused, missing);
    await fails(customers.create({ email: "bad" }), refused, { code: "email_invalid", param: "email" });
    await fails(customers.create({ nope: "x" }), refused, { code: "parameter_unknown", param: "nope" });
    await fails(shop.client("sk_live_1").customers.list(), "StripeAuthenticationError", { statusCode: 401 });
    await fails(shop.client("pk_test_1").customers.create({}), "StripePermissionError", { statusCode: 403 });
  },
  "A lost connection is tried again under its key, and executed once": async (shop) => {
    const { customers } = shop.stripe;
    const options = { idempotencyKey: "K" };
    await shop.order({ kind: "cut_after", method: "POST" });
    const { id, lastResponse } = await customers.create({ name: "Ann" }, options);
    assert.equal(lastResponse.headers["idempotent-replayed"], "true");
    assert.deepEqual((await customers.list()).data.map((row) => row.id), [id]);
    await fails(customers.create({ name: "Bea" }, options), "StripeIdempotencyError", { statusCode: 400 });
  },
  "What the library has no method for is sent raw": async ({ stripe }) => {
    const made = await stripe.rawRequest("POST", "/v1/customers", { name: "Ann" });
    assert.deepEqual([made.object, made.name], ["customer", "Ann"]);
  },
};

const told = {};
for (const [sentence, check] of Object.entries(CHECKS)) {
  const shop = new Shop(process.argv[2], `acct_${Object.keys(told).length}`);
  told[sentence] = await check(shop).then(() => "", (error) => error.stack);
}
console.log(JSON.stringify(told));
process.exit(0); // connections are kept alive
