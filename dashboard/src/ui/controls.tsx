import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { marked } from "../lib/format.ts";
import type { Problem } from "../lib/api.ts";
import type { BotStatus, Condition, State } from "../lib/types.ts";

type Look = "primary" | "plain" | "danger" | "quiet";

type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "size"> & {
  look?: Look;
  busy?: boolean;
  children?: ComponentChildren;
};

export function Button({ look = "plain", busy = false, disabled, children, ...rest }: ButtonProps) {
  return (
    <button type="button" class={`button ${look}`} disabled={disabled || busy} aria-busy={busy} {...rest}>
      {busy && <span class="spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  wrong?: string | null;
  children: (ids: { id: string; describedBy: string | undefined; invalid: boolean }) => ComponentChildren;
}

/** A labelled control; what is wrong with it stands beneath it and is read with it. */
export function Field({ label, hint, wrong, children }: FieldProps) {
  const id = useId();
  const describedBy = wrong || hint ? `${id}-note` : undefined;
  return (
    <div class={`field${wrong ? " wrong" : ""}`}>
      <label for={id}>{label}</label>
      {children({ id, describedBy, invalid: Boolean(wrong) })}
      {(wrong || hint) && (
        <p id={describedBy} class="note" role={wrong ? "alert" : undefined}>
          {wrong || hint}
        </p>
      )}
    </div>
  );
}

/** What went wrong, and what to do next. */
export function ProblemNotice({ problem, children }: { problem: Problem | null; children?: ComponentChildren }) {
  if (!problem) return null;
  return (
    <div class="notice bad" role="alert">
      <p>
        <strong>{problem.message}</strong>
        {problem.nextAction && <> {problem.nextAction}</>}
      </p>
      {children && <div class="row">{children}</div>}
    </div>
  );
}

const statusLook: Record<BotStatus, string> = {
  pending: "idle",
  deploying: "busy",
  active: "good",
  stopped: "idle",
  failed: "bad",
};

export function StatusBadge({ status, condition }: { status: BotStatus; condition: Condition | null }) {
  const look = condition === "degraded" ? "warn" : condition ? "busy" : statusLook[status];
  const text = condition === "degraded" ? "degraded" : (condition ?? (status === "pending" ? "not deployed" : status));
  return (
    <span class={`badge ${look}`}>
      <span class="dot" aria-hidden="true" />
      {text}
    </span>
  );
}

const stateLook: Record<State, string> = {
  pending: "idle",
  running: "busy",
  waiting: "busy",
  succeeded: "good",
  failed: "bad",
  cancelled: "idle",
};

export function StateBadge({ state }: { state: State }) {
  return (
    <span class={`badge ${stateLook[state]}`}>
      <span class="dot" aria-hidden="true" />
      {state}
    </span>
  );
}

/** Short facts, each beneath its name. */
export function Facts({ facts, look = "" }: { facts: [string, ComponentChildren][]; look?: string }) {
  return (
    <dl class={`facts ${look}`}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The text with what was looked for marked in it. */
export function Marked({ text, wanted }: { text: string; wanted: string }) {
  return <>{marked(text, wanted).map((part) => (part.hit ? <mark>{part.text}</mark> : part.text))}</>;
}

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** A modal dialog: Escape and a click beside it close it, and the focus stays inside. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <div class="dialog">
        <header class="row spread">
          <h2 id={id}>{title}</h2>
          <Button look="quiet" aria-label="Close" onClick={() => dialog.current?.close()}>
            ✕
          </Button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" /> Loading {what}…
    </p>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}
