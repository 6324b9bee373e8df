// Which operations and fields do importers find in a document? As JSON: `node read.mjs FILE…`.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import SwaggerParser from "@apidevtools/swagger-parser";

const { N8NPropertiesBuilder } = createRequire(import.meta.url)("@devlikeapro/n8n-openapi-node");

// What a person sees of an operation in n8n, in order.
function fields(document, operation) {
  const shows = (property) => property.displayOptions?.show?.operation?.includes(operation);
  const found = new N8NPropertiesBuilder(document, {}).build().filter(shows);
  return found.filter(({ type }) => type !== "notice").map(({ displayName }) => displayName);
}

const operations = {};
for (const file of process.argv.slice(2)) {
  const { paths } = await SwaggerParser.validate(file);
  operations[file] = Object.values(paths).map((path) => path.post.operationId);
}
const document = JSON.parse(readFileSync(process.argv[2], "utf-8"));
console.log(JSON.stringify({ operations, fields: fields(document, "Create Price") }));
