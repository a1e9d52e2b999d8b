import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../lib/api.ts";
import type { DeployOptions } from "../lib/types.ts";
import { Field } from "./controls.tsx";

/** What was chosen: an alias or `provider/model`, with a key and an address of one's own if needed. */
export interface ModelPick {
  model: string;
  apiKey: string;
  baseUrl: string;
}

export function modelBody(pick: ModelPick): Record<string, string> {
  return {
    model: pick.model,
    ...(pick.apiKey && { modelApiKey: pick.apiKey }),
    ...(pick.baseUrl && { modelBaseUrl: pick.baseUrl }),
  };
}

const another = "";

interface ModelChoiceProps {
  models: DeployOptions["models"];
  pick: ModelPick | null;
  choose: (pick: ModelPick | null) => void;
  problem: Problem | null;
}

const vendors: Record<string, string> = { anthropic: "Anthropic", openai: "OpenAI", google: "Google" };
const vendorOf = (model: string) => vendors[model.split("/")[0] ?? ""] ?? model.split("/")[0];

/** A model of the operator's, or any other with a key of one's own. */
export function ModelChoice({ models, choose, problem }: ModelChoiceProps) {
  const [chosen, setChosen] = useState<string>(() => models.find((one) => one.operatorKey)?.name ?? another);
  const [own, setOwn] = useState("");
  const [apiKey, setApiKey] = useState("");
  const [baseUrl, setBaseUrl] = useState("");
  const known = models.find((one) => one.name === chosen);
  const needsKey = !known?.operatorKey;
  const model = known ? known.name : own.trim();

  useEffect(() => {
    const whole = model !== "" && (!needsKey || apiKey.trim() !== "");
    choose(whole ? { model, apiKey: needsKey ? apiKey.trim() : "", baseUrl: known ? "" : baseUrl.trim() } : null);
  }, [model, needsKey, apiKey, baseUrl]);

  return (
    <>
      <fieldset class="choices">
        <legend class="sr-only">Model</legend>
        {models.map((one) => (
          <label key={one.name} class="choice">
            <input type="radio" name="model" checked={chosen === one.name} onChange={() => setChosen(one.name)} />
            <span>
              <strong>{one.name}</strong>
              <span class="soft small">
                {vendorOf(one.model)} · {one.operatorKey ? "key included" : "with your own key"}
              </span>
            </span>
          </label>
        ))}
        <label class="choice">
          <input type="radio" name="model" checked={chosen === another} onChange={() => setChosen(another)} />
          <span>
            <strong>Another model</strong>
            <span class="soft small">any OpenClaw knows · with your own key</span>
          </span>
        </label>
      </fieldset>
      {problem?.field("model") && (
        <p class="note bad-text" role="alert">
          {problem.field("model")}
        </p>
      )}
      {!known && (
        <Field label="Model" hint="provider/model, such as anthropic/claude-opus-5">
          {({ id, describedBy }) => (
            <input
              id={id}
              class="mono"
              value={own}
              spellcheck={false}
              autocapitalize="off"
              aria-describedby={describedBy}
              onInput={(event) => setOwn(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {needsKey && (
        <Field
          label="API key"
          hint={`From ${known ? vendorOf(known.model) : "the model's provider"}; stored encrypted.`}
          wrong={problem?.field("modelApiKey")}
        >
          {({ id, describedBy, invalid }) => (
            <input
              id={id}
              class="mono"
              type="password"
              autocomplete="off"
              value={apiKey}
              aria-describedby={describedBy}
              aria-invalid={invalid}
              onInput={(event) => setApiKey(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {!known && (
        <Field
          label="Address of the API (optional)"
          hint="Only for a service of your own that speaks OpenAI's protocol."
          wrong={problem?.field("modelBaseUrl")}
        >
          {({ id, describedBy, invalid }) => (
            <input
              id={id}
              class="mono"
              type="url"
              value={baseUrl}
              placeholder="https://…/v1"
              aria-describedby={describedBy}
              aria-invalid={invalid}
              onInput={(event) => setBaseUrl(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
    </>
  );
}
