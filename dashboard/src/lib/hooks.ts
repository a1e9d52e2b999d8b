import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem, unreachable } from "./api.ts";

export interface Loaded<T> {
  data: T | null;
  problem: Problem | null;
  reload: () => void;
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return error instanceof TypeError ? unreachable() : new Problem(0, "internal", String(error), null, []);
}

/** Loads now, whenever `key` changes, every `everyMs`, and when asked; the old answer stays meanwhile. */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>, everyMs = 0): Loaded<T> {
  const [state, setState] = useState<{ key: string; data: T | null; problem: Problem | null }>({
    key,
    data: null,
    problem: null,
  });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      try {
        const data = await latest.current(abort.signal);
        if (!abort.signal.aborted) setState({ key, data, problem: null });
      } catch (error) {
        if (abort.signal.aborted) return;
        const problem = asProblem(error);
        setState((old) => ({ key, data: old.key === key ? old.data : null, problem }));
      }
      if (everyMs > 0 && !abort.signal.aborted) timer = setTimeout(whenSeen, everyMs);
    };
    // A page that nobody looks at asks nothing.
    const whenSeen = () => {
      if (document.visibilityState === "visible") void run();
      else timer = setTimeout(whenSeen, everyMs);
    };
    void run();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, turn, everyMs]);
  const stale = state.key !== key;
  return { data: stale ? null : state.data, problem: stale ? null : state.problem, reload };
}

/** The time, renewed while `running`. */
export function useNow(running: boolean, everyMs = 100): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [running, everyMs]);
  return running ? now : Date.now();
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Hatchery`;
  }, [title]);
}

/** Runs one action at a time and keeps its problem. */
export function useAction(): {
  busy: string | null;
  problem: Problem | null;
  run: (name: string, action: () => Promise<unknown>) => Promise<boolean>;
  clear: () => void;
} {
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const run = useCallback(async (name: string, action: () => Promise<unknown>) => {
    setBusy(name);
    setProblem(null);
    try {
      await action();
      return true;
    } catch (error) {
      setProblem(asProblem(error));
      return false;
    } finally {
      setBusy(null);
    }
  }, []);
  const clear = useCallback(() => setProblem(null), []);
  return { busy, problem, run, clear };
}
