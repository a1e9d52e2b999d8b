import { Logo } from "../art/logo.tsx";
import { get, query } from "../lib/api.ts";
import { useLoad, useTitle } from "../lib/hooks.ts";
import { Loading, ProblemNotice } from "../ui/controls.tsx";

interface SignInOptions {
  items: { name: string; url: string; issuer: string }[];
}

export function SignInPage({ returnTo }: { returnTo: string }) {
  useTitle("Sign in");
  const { data, problem } = useLoad("options", (signal) => get<SignInOptions>("/api/auth/options", signal));
  return (
    <main class="sign-in">
      <div class="card">
        <Logo />
        <h1>Hatchery</h1>
        <p class="soft">Your own OpenClaw assistant on a private server, as a Telegram bot.</p>
        <ProblemNotice problem={problem} />
        {!data && !problem && <Loading what="the ways to sign in" />}
        {data?.items.map((item) => (
          <a key={item.url} class="button primary wide" href={query(item.url, { returnTo })}>
            Sign in with {item.name}
          </a>
        ))}
        {data?.items.length === 0 && (
          <p class="notice">
            Sign-in is not set up here yet. The operator sets <code>GOOGLE_CLIENT_ID</code> and{" "}
            <code>GOOGLE_CLIENT_SECRET</code>.
          </p>
        )}
      </div>
    </main>
  );
}
