import { useRef, useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { date } from "../../lib/format.ts";
import { useAction } from "../../lib/hooks.ts";
import { useSession } from "../../lib/session.ts";
import type { ApiToken } from "../../lib/types.ts";
import { Button, Dialog, Field, ProblemNotice } from "../../ui/controls.tsx";

const dayMs = 86_400_000;
const lives = [
  { days: 7, title: "a week" },
  { days: 30, title: "30 days" },
  { days: 90, title: "90 days" },
  { days: 365, title: "a year" },
];

const meanings: Record<string, string> = {
  "bots:read": "see bots, their logs and operations",
  "bots:write": "create, change and delete bots",
  deploy: "deploy, stop, start, chat",
  account: "manage tokens and sign-ins",
  admin: "everything of the installation",
  "act-as": "act for any user",
};

/** The one time at which the token itself is shown. */
function Made({ token, onClose }: { token: ApiToken & { token: string }; onClose: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    field.current?.select();
    // Without TLS a page may not write there; what is selected can be copied by hand.
    await navigator.clipboard?.writeText(token.token).then(() => setCopied(true), () => {});
  };
  return (
    <Dialog title={`The token ${token.name}`} onClose={onClose}>
      <p>
        Copy it now: <strong>it is shown this once.</strong> Only its hash is stored.
      </p>
      <div class="secret">
        <input ref={field} class="mono" readOnly value={token.token} aria-label="The new token" onFocus={(event) => event.currentTarget.select()} />
        <Button look="primary" onClick={() => void copy()}>
          {copied ? "Copied" : "Copy"}
        </Button>
      </div>
      <p class="soft">
        {token.expiresAt && `It expires on ${date(token.expiresAt)}. `}Send it as{" "}
        <code>Authorization: Bearer …</code>, or run <code>hatchery login</code>.
      </p>
      <div class="row end">
        <Button onClick={onClose}>Done</Button>
      </div>
    </Dialog>
  );
}

export function NewTokenDialog({ onClose }: { onClose: () => void }) {
  const session = useSession();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(["bots:read"]);
  const [days, setDays] = useState(90);
  const [made, setMade] = useState<(ApiToken & { token: string }) | null>(null);
  const { busy, problem, run } = useAction();
  if (made) return <Made token={made} onClose={onClose} />;
  const create = () =>
    run("create", async () => {
      const expiresAt = new Date(Date.now() + days * dayMs).toISOString().replace(/\.\d+Z$/, "Z");
      setMade(await post<ApiToken & { token: string }>("/api/auth/tokens", { name: name.trim(), scopes, expiresAt }));
    });
  const pick = (scope: string, wanted: boolean) =>
    setScopes(session.scopes.filter((one) => (one === scope ? wanted : scopes.includes(one))));
  return (
    <Dialog title="New API token" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <div class="columns">
          <Field label="Name" wrong={problem?.field("name")} hint="Of the program that will use it.">
            {({ id, describedBy, invalid }) => (
              <input
                id={id}
                required
                maxLength={64}
                value={name}
                aria-describedby={describedBy}
                aria-invalid={invalid}
                onInput={(event) => setName(event.currentTarget.value)}
              />
            )}
          </Field>
          <Field label="Expires in" wrong={problem?.field("expiresAt")}>
            {({ id }) => (
              <select id={id} value={days} onChange={(event) => setDays(Number(event.currentTarget.value))}>
                {lives.map((life) => (
                  <option key={life.days} value={life.days}>
                    {life.title}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <fieldset class="scopes">
          <legend>What it may do</legend>
          {session.scopes.map((scope) => (
            <label key={scope} class="row tick">
              <input
                type="checkbox"
                checked={scopes.includes(scope)}
                onChange={(event) => pick(scope, event.currentTarget.checked)}
              />
              <code>{scope}</code> <span class="soft">{meanings[scope]}</span>
            </label>
          ))}
        </fieldset>
        <ProblemNotice problem={problem} />
        <div class="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy !== null} disabled={scopes.length === 0 || name.trim() === ""}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
