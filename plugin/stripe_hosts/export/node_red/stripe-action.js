// How does a message become a run? It is sent to the HTTP door of `stripe-nodes serve`.
const { randomUUID } = require("node:crypto");
const { promisify } = require("node:util");

const AS_TYPED = ["choice", "json", "str"]; // read by the action, exactly

module.exports = (RED) => {
  const evaluated = promisify(RED.util.evaluateNodeProperty);

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

  RED.nodes.registerType("stripe-action", StripeAction);
};
