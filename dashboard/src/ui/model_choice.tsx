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

const vendors: Record<string, { name: string; keys: string }> = {
  anthropic: { name: "Anthropic", keys: "https://console.anthropic.com/settings/keys" },
  openai: { name: "OpenAI", keys: "https://platform.openai.com/api-keys" },
  google: { name: "Google", keys: "https://aistudio.google.com/apikey" },
};
const vendorIn = (model: string) => vendors[model.split("/")[0] ?? ""];
const vendorOf = (model: string) => vendorIn(model)?.name ?? model.split("/")[0];

/** Where a key comes from, for somebody who has none yet. */
function KeyHint({ model }: { model: string }) {
  const vendor = vendorIn(model);
  if (!vendor) return <>From the model's provider; stored encrypted.</>;
  return (
    <>
      From{" "}
      <a href={vendor.keys} target="_blank" rel="noreferrer">
        {vendor.name}'s page of keys
      </a>
      ; stored encrypted.
    </>
  );
}

/** A model of the operator's, or any other with a key of one's own. */
export function ModelChoice({ models, choose, problem }: ModelChoiceProps) {
  const [chosen, setChosen] = useState<string>(
    () => (models.find((one) => one.operatorKey) ?? models[0])?.name ?? another,
  );
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
          hint={<KeyHint model={known?.model ?? own.trim()} />}
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
