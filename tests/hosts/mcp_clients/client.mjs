// What does the official client of TypeScript see of a server? Told as JSON; called as client.py.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [way, key, ...server] = process.argv.slice(2);

function transport() {
  if (way === "http") {
    const [url, token] = server;
    const headers = { Authorization: `Bearer ${token}` };
    return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  }
  const [command, ...args] = server;
  return new StdioClientTransport({ command, args, env: process.env });
}

const client = new Client({ name: "stripe-nodes-test", version: "1.0.0" });
await client.connect(transport());
const { tools } = await client.listTools(); // from here on it holds answers to their schemas
const call = (name, given) => client.callTool({ name, arguments: given });

const customer = await call("create_customer", { email: "x@y.example" });
const product = { name: "Plan", idempotency_key: key };
const made = [await call("create_product", product), await call("create_product", product)];
const refused = await call("create_price", { currency: "usd", unit_amount: 5, product: "prod_none" });
const page = await client.readResource({ uri: "stripe-nodes://actions/create_price" });

const told = {
  tools: tools.map((tool) => tool.name),
  customer: customer.structuredContent.object,
  replayed: made.map((each) => each._meta["stripe-nodes/run"].replayed),
  mode: made[0]._meta["stripe-nodes/mode"],
  refused: refused.content[0].text,
  page: page.contents[0].text.split("\n")[0],
};
console.log(JSON.stringify(told));
await client.close();
