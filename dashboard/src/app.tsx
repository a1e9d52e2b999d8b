import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { Logo } from "./art/logo.tsx";
import { get, post, Problem, useCsrfToken, whenSignedOut } from "./lib/api.ts";
import { asProblem, useAction } from "./lib/hooks.ts";
import { go, Link, match, useLocation } from "./lib/router.tsx";
import { isStaff, SessionContext, useSession } from "./lib/session.ts";
import type { Session } from "./lib/types.ts";
import { AccountPage } from "./pages/account/account.tsx";
import { AdminPage } from "./pages/admin/admin.tsx";
import { BotPage } from "./pages/bot.tsx";
import { BotsPage } from "./pages/bots.tsx";
import { ChatPage } from "./pages/chat.tsx";
import { NewBotPage } from "./pages/new_bot.tsx";
import { SignInPage } from "./pages/sign_in.tsx";
import { Button, Empty, Loading, ProblemNotice } from "./ui/controls.tsx";

type Who = { state: "asking" } | { state: "out" } | { state: "in"; session: Session } | { state: "problem"; problem: Problem };

function useWho(): { who: Who; ask: () => void } {
  const [who, setWho] = useState<Who>({ state: "asking" });
  const ask = useCallback(async () => {
    try {
      const session = await get<Session>("/api/auth/session");
      useCsrfToken(session.csrfToken);
      setWho({ state: "in", session });
    } catch (error) {
      const problem = asProblem(error);
      setWho(problem.status === 401 ? { state: "out" } : { state: "problem", problem });
    }
  }, []);
  useEffect(() => {
    whenSignedOut(() => setWho({ state: "out" }));
    void ask();
  }, [ask]);
  return { who, ask };
}

function NavLink({ href, here, children }: { href: string; here: boolean; children: ComponentChildren }) {
  return (
    <Link href={href} aria-current={here ? "page" : undefined}>
      {children}
    </Link>
  );
}

function Shell({ path, children }: { path: string; children: ComponentChildren }) {
  const session = useSession();
  const { busy, problem, run } = useAction();
  const leave = () =>
    run("leave", async () => {
      await post("/api/auth/logout");
      location.assign("/");
    });
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="top">
        <Link href="/" class="brand" aria-label="Hatchery">
          <Logo /> <span>Hatchery</span>
        </Link>
        <nav aria-label="Main">
          <NavLink href="/" here={path === "/" || path.startsWith("/bots")}>
            Bots
          </NavLink>
          {isStaff(session) && (
            <NavLink href="/admin" here={path.startsWith("/admin")}>
              Admin
            </NavLink>
          )}
          <NavLink href="/account" here={path === "/account"}>
            Account
          </NavLink>
        </nav>
        <div class="who">
          <span class="email" title={session.user.role}>
            {session.user.email}
          </span>
          <Button look="quiet" busy={busy !== null} onClick={() => void leave()}>
            Sign out
          </Button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <ProblemNotice problem={problem} />
        {children}
      </main>
    </>
  );
}

function NotFound() {
  return (
    <Empty title="There is no such page">
      <Link href="/">To your bots</Link>
    </Empty>
  );
}

function page(path: string): ComponentChildren {
  if (path === "/") return <BotsPage />;
  if (path === "/account") return <AccountPage />;
  if (path === "/new") return <NewBotPage />;
  const chat = match("/bots/:id/chat", path);
  if (chat) return <ChatPage key={chat.id} id={chat.id!} />;
  const bot = match("/bots/:id", path);
  if (bot) return <BotPage key={bot.id} id={bot.id!} />;
  if (path === "/admin") return <AdminPage part="fleet" />;
  const admin = match("/admin/:part", path);
  if (admin) return <AdminPage part={admin.part!} />;
  return <NotFound />;
}

export function App() {
  const { path } = useLocation();
  const { who, ask } = useWho();
  useEffect(() => {
    if (who.state === "in" && path === "/sign-in") go("/", "replace");
  }, [who.state, path]);
  switch (who.state) {
    case "asking":
      return <Loading what="Hatchery" />;
    case "problem":
      return (
        <main>
          <ProblemNotice problem={who.problem}>
            <Button onClick={ask}>Try again</Button>
          </ProblemNotice>
        </main>
      );
    case "out":
      return <SignInPage returnTo={path === "/sign-in" ? "/" : path + location.search} />;
    case "in":
      return (
        <SessionContext.Provider value={who.session}>
          <Shell path={path}>{page(path)}</Shell>
        </SessionContext.Provider>
      );
  }
}
