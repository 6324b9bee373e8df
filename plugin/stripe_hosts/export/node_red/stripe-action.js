// How does a message become a run? It is sent to the HTTP door of `stripe-nodes serve`.
const { randomUUID } = require("node:crypto");
const { promisify } = require("node:util");
const { manifest } = require("./package.json")["stripe-nodes"];

const AS_TYPED = ["choice", "json", "str"]; // read by the action, exactly
const EDITORS = /^(actions(\/[\w.-]+)?|options)$/; // what the editor may ask
const TOKEN_ADVICE = "Put the token that stripe-nodes serve printed into this node's server.";
const NOT_SENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"];

module.exports = (RED) => {
  const evaluated = promisify(RED.util.evaluateNodeProperty);

  function StripeServer(config) {
    RED.nodes.createNode(this, config);
    this.ask = async (path, options = {}) => {
      const headers = {
        Authorization: `Bearer ${this.credentials.token ?? ""}`,
        "Stripe-Nodes-Manifest": String(manifest),
        ...options.headers,
      };
      const url = `${config.url.replace(/\/+$/, "")}/${path}`;
      const reply = await fetch(url, { ...options, headers }).catch((error) => {
        throw unreachable(config.url, error);
      });
      return answered(config.url, reply);
    };
  }

  function StripeAction(config) {
    RED.nodes.createNode(this, config);
    const run = async (msg) => {
      const server = RED.nodes.getNode(config.server);
      if (!server || !config.action) throw new Error("Choose a server and an action in this node.");
      const inputs = await values(this, config.rows, msg);
      const options = await values(this, config.options, msg);
      const again = msg.stripe?.again;
      const key = again?.node === this.id ? again.key : randomUUID();
      const headers = { "Content-Type": "application/json" };
      if (!options.idempotency_key) headers["Idempotency-Key"] = key;
      const account = config.account || undefined;
      const body = JSON.stringify({ inputs, options, account });
      const path = `actions/${encodeURIComponent(config.action)}/runs`;
      try {
        return await server.ask(path, { method: "POST", headers, body });
      } catch (error) {
        const { retryable, outcome_unknown: unknown } = error.problem?.error ?? error;
        if (retryable || unknown) error.again = { node: this.id, key };
        throw error;
      }
    };
    this.on("input", async (msg, send, done) => {
      this.status({ fill: "blue", shape: "dot", text: "running" });
      try {
        const { output, ...told } = await run(msg);
        this.status({ fill: "green", shape: "dot", text: told.mode });
        send({ ...msg, payload: output, stripe: told });
        done();
      } catch (error) {
        this.status({ fill: "red", shape: "ring", text: error.message.slice(0, 60) });
        msg.stripe = { ...error.problem, again: error.again };
        done(error.message); // of an Error, a Catch node would get its name, too
      }
    });
  }

  // What was typed, or what a message, context, variable or expression holds.
  async function values(node, rows, msg) {
    const found = {};
    for (const [name, { type, value }] of Object.entries(rows ?? {})) {
      const isTyped = AS_TYPED.includes(type);
      found[name] = isTyped ? value : await evaluated(value, type, node, msg);
    }
    return found;
  }

  RED.nodes.registerType("stripe-server", StripeServer, {
    credentials: { token: { type: "password" } },
  });
  RED.nodes.registerType("stripe-action", StripeAction);

  const allowed = RED.auth.needsPermission("stripe-action.read");
  RED.httpAdmin.get("/stripe-nodes/:server", allowed, async ({ params, query }, response) => {
    const refuse = (status, detail) => response.status(status).json({ detail });
    const server = RED.nodes.getNode(params.server);
    if (!server) return refuse(404, "Choose a server; a new one must be deployed first.");
    if (!EDITORS.test(query.path)) return refuse(404, "The editor asks for nothing else.");
    const reply = await server.ask(query.path).catch((error) => refuse(502, error.message));
    return response.headersSent ? reply : response.json(reply);
  });
};

async function answered(address, reply) {
  const data = await reply.json().catch(() => undefined);
  if (reply.ok && data !== undefined) return data;
  if (!data?.detail) {
    const text = `${address} answered ${reply.status}, and not as stripe-nodes serve does.`;
    throw new Error(`${text} Correct the address of this node's server.`);
  }
  const advice = reply.status === 401 ? TOKEN_ADVICE : data.advice;
  const isPlaced = data.problems_at?.length > 0; // then the sentence says what to do
  const text = isPlaced ? data.detail : `${data.detail} ${advice}`;
  throw Object.assign(new Error(text), { problem: data });
}

function unreachable(address, { message, cause }) {
  const why = cause?.code ?? message;
  if (NOT_SENT.includes(why)) {
    const text = `There is no server at ${address} (${why}), so nothing was sent.`;
    return new Error(`${text} Start stripe-nodes serve, or correct the address.`);
  }
  const text = `The server at ${address} broke off (${why}): it may have been executed all the same.`;
  const advice = "Send the message with its msg.stripe to this node again: it happens once.";
  return Object.assign(new Error(`${text} ${advice}`), { outcome_unknown: true });
}
