// Which `stripe-nodes serve` is asked, and what may the editor ask of it?
const { manifest } = require("./package.json")["stripe-nodes"];

const READ = /^(about|actions(\/[\w.-]+)?|options)$/; // what the editor may read
const ASKED = /^(check|actions\/[\w.-]+\/choices)$/; // what it may ask with a body, of an account
const TOKEN_ADVICE = "Put the token that stripe-nodes serve printed into this node's server.";
const AGAIN = "Send the message with its msg.stripe to this node again: it happens once.";
const NOT_SENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"];
const JSON_BODY = { "Content-Type": "application/json" };

module.exports = (RED) => {
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

  RED.nodes.registerType("stripe-server", StripeServer, {
    credentials: { token: { type: "password" } },
  });

  // What is asked with a body shows an account's objects: only who may change flows sees them.
  const may = (word) => RED.auth.needsPermission(`stripe-server.${word}`);
  const asking = async ({ params }, response, known, path, options) => {
    const refuse = (status, detail) => response.status(status).json({ detail });
    const server = RED.nodes.getNode(params.server);
    if (!server) return refuse(404, "Choose a server; a new one must be deployed first.");
    if (!known.test(path)) return refuse(404, "The editor asks for nothing else.");
    const reply = await server.ask(path, options).catch((error) => refuse(502, error.message));
    return response.headersSent ? reply : response.json(reply);
  };
  const place = "/stripe-nodes/:server";
  RED.httpAdmin.get(place, may("read"), (request, response) =>
    asking(request, response, READ, request.query.path));
  RED.httpAdmin.post(place, may("write"), (request, response) => {
    const { path, body } = request.body;
    const options = { method: "POST", headers: JSON_BODY, body: JSON.stringify(body ?? {}) };
    return asking(request, response, ASKED, path, options);
  });
};

async function answered(address, reply) {
  const data = await reply.json().catch(() => undefined);
  if (reply.ok && data !== undefined) return data;
  if (!data?.detail) {
    const text = `${address} answered ${reply.status}, and not as stripe-nodes serve does.`;
    throw new Error(`${text} Correct the address of this node's server.`);
  }
  const isPlaced = data.problems_at?.length > 0; // then the sentence says what to do
  const sentence = data.detail.replace(/(?<![.!?])$/, "."); // some of Stripe's have no full stop
  const text = isPlaced ? data.detail : `${sentence} ${adviceOf(reply, data)}`;
  throw Object.assign(new Error(text), { problem: data });
}

function adviceOf(reply, data) {
  if (reply.status === 401) return TOKEN_ADVICE;
  return data.error?.outcome_unknown ? AGAIN : data.advice;
}

function unreachable(address, { message, cause }) {
  const why = cause?.code ?? message;
  if (NOT_SENT.includes(why)) {
    const text = `There is no server at ${address} (${why}), so nothing was sent.`;
    return new Error(`${text} Start stripe-nodes serve, or correct the address.`);
  }
  const text = `The server at ${address} broke off (${why}): it may have been executed all the same.`;
  return Object.assign(new Error(`${text} ${AGAIN}`), { outcome_unknown: true });
}
