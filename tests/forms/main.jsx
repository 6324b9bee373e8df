// Draws the form that a test asks for: window.draw(library, manifest, inputs).
import "bootstrap/dist/css/bootstrap.css";
import { materialCells, materialRenderers } from "@jsonforms/material-renderers";
import { vanillaCells, vanillaRenderers } from "@jsonforms/vanilla-renderers";
import { createRoot } from "react-dom/client";
import { JsonForms } from "@jsonforms/react";
import { Drawn, ours } from "./built/jsonforms.jsx";
import Form from "@rjsf/core";
import validator from "@rjsf/validator-ajv8";
import { transformErrors, translateError } from "./built/messages.jsx";
import { Rjsf } from "./built/rjsf.jsx";

const root = createRoot(document.getElementById("form"));

// RJSF as it comes: its validator judges first, and our words are put in.
function Plain({ manifest, inputs, run }) {
  return (
    <Form
      schema={manifest.form_schema}
      uiSchema={manifest.ui_schema}
      validator={validator}
      formData={inputs}
      noHtml5Validate
      transformErrors={transformErrors(manifest.messages)}
      onSubmit={({ formData }) => run(formData)}
    />
  );
}

// JSON Forms as it comes: its validator judges first, and our words are put in.
function Checked({ manifest, inputs }) {
  const translate = (id, text) => manifest.labels[id] ?? text;
  return (
    <>
      <JsonForms
        schema={manifest.form_schema}
        uischema={manifest.ui_layout}
        renderers={[...ours, ...vanillaRenderers]}
        cells={vanillaCells}
        i18n={{ locale: "en", translate, translateError: translateError(manifest.messages) }}
        data={inputs}
        onChange={({ errors }) => { window.found = errors; }}
      />
      <button>Submit</button>
    </>
  );
}

const LIBRARIES = {
  checked: (given) => <Checked {...given} />,
  plain: (given) => <Plain {...given} />,
  rjsf: (given) => <Rjsf {...given} />,
  vanilla: (given) => <Drawn {...given} renderers={vanillaRenderers} cells={vanillaCells} />,
  material: (given) => <Drawn {...given} renderers={materialRenderers} cells={materialCells} />,
};

window.answers = [];
let drawn = 0;

async function run(id, inputs) {
  const body = JSON.stringify(inputs);
  const reply = await fetch(`/run/${id}`, { method: "POST", body });
  const answer = await reply.json();
  window.answers.push({ sent: JSON.parse(body), status: reply.status, ...answer });
  if (reply.ok) return [];
  return answer.problems_at ?? [{ path: answer.path ?? [], text: answer.text }];
}

window.draw = async (library, id, inputs) => {
  const reply = await fetch(`/manifest/${id}`);
  const manifest = await reply.json();
  window.answers.length = 0;
  window.found = null;
  drawn += 1;
  const isRjsf = library === "rjsf" || library === "plain";
  document.getElementById("bootstrap").disabled = !isRjsf;
  const form = LIBRARIES[library]({ manifest, inputs, run: (data) => run(id, data) });
  root.render(<main key={drawn} data-drawn={drawn}>{form}</main>);
  return { drawn, manifest };
};
