import { all, remove } from "../../lib/api.ts";
import { ago, browserName } from "../../lib/format.ts";
import { useAction, useLoad, useTitle } from "../../lib/hooks.ts";
import { useSession } from "../../lib/session.ts";
import type { SignIn } from "../../lib/types.ts";
import { Button, Loading, ProblemNotice } from "../../ui/controls.tsx";
import { PlanLine } from "../../ui/plan_line.tsx";
import { Costs } from "./costs.tsx";
import { Tokens } from "./tokens.tsx";

const mostSignIns = 200;

function SignIns() {
  const load = (signal: AbortSignal) => all<SignIn>("/api/auth/sessions", mostSignIns, signal);
  const { data, problem, reload } = useLoad("sign-ins", load);
  const { busy, problem: refused, run } = useAction();
  const now = Date.now();
  const end = async (path: string) => {
    if (await run(path, () => remove(path))) reload();
  };
  const others = data?.filter((one) => !one.current) ?? [];
  const everywhere = "/api/auth/sessions?others=true";
  return (
    <section class="part">
      <header class="row spread">
        <h2>Where you are signed in</h2>
        {others.length > 0 && (
          <Button busy={busy === everywhere} onClick={() => void end(everywhere)}>
            Sign out everywhere else
          </Button>
        )}
      </header>
      <ProblemNotice problem={problem ?? refused} />
      {!data && !problem && <Loading what="sign-ins" />}
      {data && (
        <ul class="card flush plain-list">
          {data.map((one) => (
            <li key={one.id} class="row spread">
              <span>
                <strong>{browserName(one.userAgent)}</strong> <span class="soft">{one.address}</span>
                <span class="soft small block">
                  {one.current ? "this one" : `used ${ago(one.lastUsedAt, now)}`} · signed in {ago(one.createdAt, now)}
                </span>
              </span>
              {!one.current && (
                <Button
                  busy={busy === `/api/auth/sessions/${one.id}`}
                  onClick={() => void end(`/api/auth/sessions/${one.id}`)}
                >
                  Sign out there
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

export function AccountPage() {
  useTitle("Account");
  const { user } = useSession();
  return (
    <div class="page narrow">
      <header>
        <h1>Account</h1>
        <p class="soft">
          {user.name && `${user.name}, `}
          {user.email}
          {user.role !== "user" && ` · ${user.role}`}
        </p>
      </header>
      <PlanLine />
      <Costs />
      <Tokens />
      <SignIns />
    </div>
  );
}
