import Form from "@rjsf/core";
import validator from "@rjsf/validator-ajv8";
import { useState } from "react";

// The host's sentences at their controls: problems_at as extraErrors.
export function extraErrors(problems) {
  const errors = {};
  for (const { path, text } of problems) {
    let place = errors;
    for (const step of path) place = place[step] ??= {};
    (place.__errors ??= []).push(text);
  }
  return errors;
}

export function Rjsf({ manifest, inputs, run }) {
  const [data, setData] = useState(inputs);
  const [problems, setProblems] = useState([]);
  return (
    <Form
      schema={manifest.form_schema}
      uiSchema={manifest.ui_schema}
      validator={validator}
      noValidate // the host judges, all rules at once and in its own words
      noHtml5Validate
      showErrorList={false}
      formData={data}
      extraErrors={extraErrors(problems)}
      onChange={({ formData }) => setData(formData)}
      onSubmit={async ({ formData }) => setProblems(await run(formData))}
    />
  );
}

// Where a browser is to judge before the host does: our sentences in place of the validator's.
export const transformErrors = (messages) => (errors) =>
  errors.map((error) => {
    const path = error.property.replace(/^\.?/, "/").replaceAll(".", "/").replace(/\/\d+/g, "/*");
    const message = messages[path]?.[error.name] ?? error.message;
    return { ...error, message, stack: message };
  });
