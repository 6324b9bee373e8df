import { and, isBooleanControl, rankWith, schemaMatches, uiTypeIs } from "@jsonforms/core";
import { JsonForms, withJsonFormsControlProps } from "@jsonforms/react";
import { useState } from "react";

// What JSON Forms does not draw, or not for everybody: Yes, No or neither; a list of texts, one a
// line; an object whose keys a person makes up, such as Metadata, as JSON.
const isFree = (schema) => schema?.type === "object" && !schema.properties;
const isLines = (schema) => schema?.type === "array" && schema.items.type === "string";
const isJson = (schema) => isFree(schema) || isFree(schema?.items);
const isTyped = (schema) => isLines(schema) || isJson(schema);

const own = (Field) =>
  withJsonFormsControlProps(({ id, label, description, data, path, errors, handleChange }) => (
    <div className="own">
      <label htmlFor={id}>{label}</label>
      <Field id={id} about={`${id}-about`} data={data} change={(it) => handleChange(path, it)} />
      <div id={`${id}-about`}>{errors || description}</div>
    </div>
  ));
const typed = (write, read) => own(({ id, about, data, change }) => (
  <textarea id={id} aria-describedby={about} value={write(data)}
    onChange={({ target }) => change(target.value ? read(target.value) : undefined)} />
));
const YesNo = own(({ id, about, data, change }) => (
  <select id={id} aria-describedby={about} value={String(data ?? "")}
    onChange={({ target }) => change({ true: true, false: false }[target.value])}>
    <option value="" /><option value="true">Yes</option><option value="false">No</option>
  </select>
));
const Lines = typed((data) => (data ?? []).join("\n"), (text) => text.split("\n"));
const Json = typed(
  (data) => (typeof data === "object" ? JSON.stringify(data) : (data ?? "")), (text) => text,
);
const on = (test) => rankWith(30, and(uiTypeIs("Control"), test));
export const ours = [
  { tester: on(isBooleanControl), renderer: YesNo },
  { tester: on(schemaMatches(isLines)), renderer: Lines },
  { tester: on(schemaMatches(isJson)), renderer: Json },
];

// The host's sentences at their controls: problems_at as additionalErrors.
export function additionalErrors(schema, problems) {
  const below = (at, step) => at?.properties?.[step] ?? at?.items;
  return problems.map(({ path, text }) => {
    const place = [];
    let at = schema;
    for (const step of path) {
      if (isTyped(at)) break; // what is inside of it has no control
      place.push(step);
      at = below(at, step);
    }
    while (at?.properties && place.length) { // an object has none, but its first key has
      const [first] = Object.keys(at.properties);
      place.push(first);
      at = below(at, first);
    }
    return { instancePath: `/${place.join("/")}`, message: text, keyword: "", params: {} };
  });
}

export function Drawn({ manifest, inputs, run, renderers, cells }) {
  const [data, setData] = useState(inputs);
  const [problems, setProblems] = useState([]);
  return (
    <>
      <h1>{manifest.name}</h1>
      <JsonForms
        schema={manifest.form_schema}
        uischema={manifest.ui_layout}
        renderers={[...ours, ...renderers]}
        cells={cells}
        i18n={{ locale: "en", translate: (id, text) => manifest.labels[id] ?? text }}
        validationMode="NoValidation" // the host judges, all rules at once and in its own words
        additionalErrors={additionalErrors(manifest.form_schema, problems)}
        data={data}
        onChange={({ data: changed }) => setData(changed)}
      />
      <ul role="alert">{problems.map(({ text }) => <li key={text}>{text}</li>)}</ul>
      <button onClick={async () => setProblems(await run(data))}>Submit</button>
    </>
  );
}
