// Three actions through a client that was generated: `node three.js ADDRESS TOKEN`, told as JSON.
import createClient from "openapi-fetch";
import type { paths } from "./built/api.js";

const [baseUrl, token] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${token}` };
const stripe = createClient<paths>({ baseUrl, headers });

const product = await stripe.POST("/actions/create_product", { body: { name: "Premium Plan" } });
if (product.error) throw new Error(product.error.detail);

const price = await stripe.POST("/actions/create_price", {
  body: {
    product: product.data.output.id,
    currency: "usd",
    unit_amount: 1500,
    recurring: { interval: "month" },
  },
  params: { header: { "Idempotency-Key": "a-price" } },
});
if (price.error) throw new Error(price.error.detail);

const refused = await stripe.POST("/actions/create_price", {
  body: { currency: "usd", unit_amount: 1500 },
});

console.log(
  JSON.stringify({
    amount: price.data.output.unit_amount,
    interval: price.data.output.recurring?.interval,
    mode: price.data.mode,
    same: price.data.output.product === product.data.output.id,
    refused: refused.error?.problems_at.map(({ key }) => key),
  }),
);
