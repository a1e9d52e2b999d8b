import { about, duration, inProgress, inWords, clock } from "../lib/format.ts";
import { useNow } from "../lib/hooks.ts";
import type { Operation, State, Step } from "../lib/types.ts";
import { StateBadge } from "./controls.tsx";

export const isLive = (state: State): boolean => state === "pending" || state === "running" || state === "waiting";

const marks: Record<State, string> = {
  pending: "",
  running: "",
  waiting: "",
  succeeded: "✓",
  failed: "✕",
  cancelled: "–",
};

function StepRow({ step, now }: { step: Step; now: number }) {
  const ran = step.startedAt ? (step.finishedAt ? Date.parse(step.finishedAt) : now) - Date.parse(step.startedAt) : null;
  return (
    <li class={`step-row ${step.state}`} aria-current={isLive(step.state) && step.startedAt ? "step" : undefined}>
      <span class="mark" aria-hidden="true">
        {marks[step.state]}
      </span>
      <span class="what">
        {inWords(step.kind)}
        <span class="sr-only">, {step.state}</span>
        {step.attempt > 1 && <span class="retries">attempt {step.attempt}</span>}
      </span>
      <span class="took">{ran === null ? "" : duration(ran)}</span>
      {step.message && step.state !== "succeeded" && (
        <span class="why">
          {step.state === "waiting" ? "Waiting: " : ""}
          {step.message}
        </span>
      )}
    </li>
  );
}

interface TimelineProps {
  operation: Operation;
  /** How long a deploy usually takes, where that is known. */
  expectedSeconds?: number | null | undefined;
}

/** When a live operation will be over: as a rule, and by its deadline. */
function endInWords(operation: Operation, expectedSeconds: number | null | undefined, total: number, left: number): string {
  if (left <= 0) return "past its deadline, ending now";
  const usual = operation.kind === "deploy" && expectedSeconds && total < expectedSeconds * 1000;
  if (usual) return `usually ready in ${about(expectedSeconds)}`;
  return `ends in ${about(left / 1000).replace("about ", "")} at the latest`;
}

/** The steps of the operation that goes on, or of the last one. */
export function Timeline({ operation, expectedSeconds }: TimelineProps) {
  const live = isLive(operation.state);
  const now = useNow(live);
  const begun = Date.parse(operation.startedAt ?? operation.createdAt);
  const total = (operation.finishedAt ? Date.parse(operation.finishedAt) : now) - begun;
  const left = Date.parse(operation.deadlineAt) - now;
  const forward = operation.steps.filter((step) => step.phase === "forward");
  const teardown = operation.steps.filter((step) => step.phase === "teardown");
  return (
    <section class="timeline card" aria-labelledby="timeline-title">
      <header class="row spread">
        <h2 id="timeline-title">
          {live ? inProgress(operation.kind) : inWords(operation.kind)}
          {operation.cancelRequested && live && " · cancelling"}
        </h2>
        <StateBadge state={operation.state} />
      </header>
      <ol>
        {forward.map((step) => (
          <StepRow key={step.kind} step={step} now={now} />
        ))}
      </ol>
      {teardown.length > 0 && (
        <>
          <h3>Cleaning up</h3>
          <ol>
            {teardown.map((step) => (
              <StepRow key={step.kind} step={step} now={now} />
            ))}
          </ol>
        </>
      )}
      <footer>
        <strong class="total">{duration(total)}</strong>
        <span>
          {live
            ? endInWords(operation, expectedSeconds, total, left)
            : operation.finishedAt && `ended at ${clock(operation.finishedAt)}`}
        </span>
      </footer>
    </section>
  );
}
