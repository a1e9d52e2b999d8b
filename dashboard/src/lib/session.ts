import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Session } from "./types.ts";

export const SessionContext = createContext<Session | null>(null);

/** Who is signed in; only beneath a page that needs it. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("nobody is signed in");
  return session;
}

export const isStaff = (session: Session): boolean => session.user.role !== "user";
/** Support reads everything and changes nothing. */
export const mayChange = (session: Session): boolean => session.user.role !== "support";
