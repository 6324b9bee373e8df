// Do n8n's own linters find anything in the node? They read TypeScript, so it is written as such.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import community from '@n8n/eslint-plugin-community-nodes';
import parser from '@typescript-eslint/parser';
import { ESLint } from 'eslint';
import base from 'eslint-plugin-n8n-nodes-base';
import { StripeNodesApi } from './built/dist/credentials/StripeNodesApi.credentials.js';
import { StripeNodes } from './built/dist/nodes/StripeNodes.node.js';

const SOURCE = 'built/source';
const OFF = [
  // @n8n/node-cli has it off as well: an address of a page is meant.
  'n8n-nodes-base/cred-class-field-documentation-url-miscased',
  // Rows and choices stand in the order of Stripe's page: day, week, month.
  'n8n-nodes-base/node-param-collection-type-unsorted-items',
  'n8n-nodes-base/node-param-fixed-collection-type-unsorted-items',
  'n8n-nodes-base/node-param-options-type-unsorted-items',
  // Sentences end in a full stop in all hosts, and some begin with Stripe's word.
  'n8n-nodes-base/node-param-description-excess-final-period',
  'n8n-nodes-base/node-param-description-lowercase-first-char',
  // Labels of choices are written in one way for all hosts; Id is a language.
  'n8n-nodes-base/node-param-display-name-miscased',
  'n8n-nodes-base/node-param-display-name-miscased-id',
  // What is "main" is read from JSON, which has no enum.
  '@n8n/community-nodes/node-connection-type-literal',
];

// Keys as code has them, which are the only ones that the linters see.
const code = (value) =>
  JSON.stringify(value, null, '\t').replace(/^(\t*)"([A-Za-z_$][\w$]*)": /gm, '$1$2: ');
const members = (thing) =>
  Object.entries(thing).map(([name, value]) => `\t${name} = ${code(value)};\n`).join('');
const write = (folder, kind, name, type, thing) => {
  const text = `export class ${name} implements ${type} {\n${members(new thing())}}\n`;
  mkdirSync(`${SOURCE}/${folder}`, { recursive: true });
  writeFileSync(`${SOURCE}/${folder}/${name}.${kind}.ts`, text);
};

rmSync(SOURCE, { recursive: true, force: true });
cpSync('built/dist/icons', `${SOURCE}/icons`, { recursive: true });
cpSync('built/package.json', `${SOURCE}/package.json`);
write('nodes', 'node', 'StripeNodes', 'INodeType', StripeNodes);
write('credentials', 'credentials', 'StripeNodesApi', 'ICredentialType', StripeNodesApi);

const of = (files, rules) => ({ files: [files], plugins: { 'n8n-nodes-base': base }, rules });
const json = { parser, parserOptions: { extraFileExtensions: ['.json'] } };
const eslint = new ESLint({
  cwd: `${import.meta.dirname}/${SOURCE}`,
  ignore: false,
  overrideConfigFile: true,
  overrideConfig: [
    { files: ['**/*.ts'], languageOptions: { parser } },
    { files: ['package.json'], languageOptions: json },
    { ...community.configs.recommended, files: ['**/*.ts', 'package.json'] },
    of('nodes/*.ts', base.configs.nodes.rules),
    of('credentials/*.ts', base.configs.credentials.rules),
    of('package.json', base.configs.community.rules),
  ],
});
const read = await eslint.lintFiles(['nodes/*.ts', 'credentials/*.ts', 'package.json']);
const found = read.flatMap(({ filePath, messages }) =>
  messages.map(({ ruleId, line, message }) => ({ ruleId, text: `${basename(filePath)}:${line} ${message}` })));
const wrong = found.filter(({ ruleId }) => !OFF.includes(ruleId));
wrong.forEach(({ ruleId, text }) => console.log(`${text} (${ruleId})`));
const needless = OFF.filter((rule) => !found.some(({ ruleId }) => ruleId === rule));
needless.forEach((rule) => console.log(`${rule} is off for nothing`));
process.exitCode = read.length === 3 && !wrong.length && !needless.length ? 0 : 1;
