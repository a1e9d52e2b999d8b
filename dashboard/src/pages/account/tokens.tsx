import { useState } from "preact/hooks";
import { all, remove } from "../../lib/api.ts";
import { ago, date } from "../../lib/format.ts";
import { useAction, useLoad } from "../../lib/hooks.ts";
import type { ApiToken } from "../../lib/types.ts";
import { Button, Dialog, Loading, ProblemNotice } from "../../ui/controls.tsx";
import { NewTokenDialog } from "./new_token_dialog.tsx";

const mostTokens = 1_000;

interface RevokeDialogProps {
  token: ApiToken;
  onClose: () => void;
}

function RevokeDialog({ token, onClose }: RevokeDialogProps) {
  const { busy, problem, run } = useAction();
  const revoke = async () => {
    if (await run("revoke", () => remove(`/api/auth/tokens/${token.id}`))) onClose();
  };
  return (
    <Dialog title={`Revoke ${token.name}?`} onClose={onClose}>
      <p>A program that uses it is refused at once. This cannot be undone; a new token can be made.</p>
      <ProblemNotice problem={problem} />
      <div class="row end">
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" busy={busy !== null} onClick={() => void revoke()}>
          Revoke it
        </Button>
      </div>
    </Dialog>
  );
}

/** Why a token no longer works, or when it will not. */
function ending(token: ApiToken, now: number): string {
  if (token.revokedAt) return `revoked ${ago(token.revokedAt, now)}`;
  if (!token.expiresAt) return "does not expire";
  return `${Date.parse(token.expiresAt) <= now ? "expired" : "expires"} ${date(token.expiresAt)}`;
}

const works = (token: ApiToken, now: number): boolean =>
  !token.revokedAt && (!token.expiresAt || Date.parse(token.expiresAt) > now);

function TokenRow({ token, now, revoke }: { token: ApiToken; now: number; revoke: () => void }) {
  const live = works(token, now);
  return (
    <li class={`row spread${live ? "" : " over"}`}>
      <span>
        <strong>{token.name}</strong> <span class="soft mono small">{token.scopes.join(" ")}</span>
        <span class="soft small block">
          {ending(token, now)} · {token.lastUsedAt ? `used ${ago(token.lastUsedAt, now)}` : "never used"}
        </span>
      </span>
      {live && (
        <Button aria-label={`Revoke ${token.name}`} onClick={revoke}>
          Revoke
        </Button>
      )}
    </li>
  );
}

/** The tokens by which programs call the API for this user. */
export function Tokens() {
  const load = (signal: AbortSignal) => all<ApiToken>("/api/auth/tokens", mostTokens, signal);
  const { data, problem, reload } = useLoad("tokens", load);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<ApiToken | null>(null);
  const now = Date.now();
  // Those that work come first.
  const tokens = data && [...data].sort((a, b) => Number(works(b, now)) - Number(works(a, now)));
  const closed = () => {
    setMaking(false);
    setRevoking(null);
    reload();
  };
  return (
    <section class="part">
      <header class="row spread">
        <h2>API tokens</h2>
        <Button look="primary" onClick={() => setMaking(true)}>
          New token
        </Button>
      </header>
      <p class="soft">
        For programs and the <code>hatchery</code> command. What the API offers: <a href="/docs">its description</a>.
      </p>
      <ProblemNotice problem={problem} />
      {!tokens && !problem && <Loading what="tokens" />}
      {tokens?.length === 0 && <p class="soft">There is none yet.</p>}
      {tokens && tokens.length > 0 && (
        <ul class="card flush plain-list" aria-label="API tokens">
          {tokens.map((token) => (
            <TokenRow key={token.id} token={token} now={now} revoke={() => setRevoking(token)} />
          ))}
        </ul>
      )}
      {making && <NewTokenDialog onClose={closed} />}
      {revoking && <RevokeDialog token={revoking} onClose={closed} />}
    </section>
  );
}
