import { useState } from "preact/hooks";
import { get, query } from "../../lib/api.ts";
import { count, dateAndTime, inWords } from "../../lib/format.ts";
import { spread } from "../../lib/filters.ts";
import { useAction } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
import type { Level, LogLine, Page } from "../../lib/types.ts";
import { Button, Empty, Marked, ProblemNotice } from "../../ui/controls.tsx";
import { Graph } from "../../ui/graph.tsx";

interface FoundLine extends LogLine {
  botId: string;
  botName: string;
}

const hourMs = 3_600_000;
const graphParts = 60;
const reaches = [
  { hours: 1, title: "Last hour" },
  { hours: 24, title: "Last day" },
  { hours: 168, title: "Last week" },
  { hours: 720, title: "Last 30 days" },
];

interface WhenFoundProps {
  lines: FoundLine[];
  since: number;
  at: number;
  more: boolean;
}

/** When the lines were said: those that are shown, from the earliest while there are more. */
function WhenFound({ lines, since, at, more }: WhenFoundProps) {
  const times = lines.map((line) => Date.parse(line.at));
  const from = more ? Math.min(...times) : since;
  const values = spread(times, from, Math.max(at, ...times), graphParts);
  const figure = `${count(lines.length, "line")}${more ? " so far" : ""}`;
  const words = `${figure} between ${dateAndTime(new Date(from).toISOString())} and now, at most ${Math.max(...values)} in a ${graphParts}th of it`;
  return <Graph title={`Since ${dateAndTime(new Date(from).toISOString())}`} values={values} figure={figure} words={words} />;
}

export function LogsPart() {
  const [text, setText] = useState("");
  const [level, setLevel] = useState<Level>("debug");
  const [hours, setHours] = useState(24);
  const [found, setFound] = useState<Page<FoundLine> | null>(null);
  const { busy, problem, run } = useAction();
  const [asked, setAsked] = useState({ path: "", text: "", since: 0, at: 0 });

  const look = (path: string, before: FoundLine[], next: string | null) =>
    run("look", async () => {
      const page = await get<Page<FoundLine>>(query(path, { after: next }));
      setFound({ items: [...before, ...page.items], next: page.next });
    });
  const begin = () => {
    const at = Date.now();
    const since = at - hours * hourMs;
    const path = query("/api/admin/logs", {
      q: text.trim(),
      level,
      limit: 200,
      since: new Date(since).toISOString(),
    });
    setAsked({ path, text, since, at });
    return look(path, [], null);
  };
  return (
    <>
      <h1>Log search</h1>
      <form
        class="row filters"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          void begin();
        }}
      >
        <input
          type="search"
          class="wide"
          aria-label="Text in a line of any bot"
          placeholder="Text in a line of any bot"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <select aria-label="Least level" value={level} onChange={(event) => setLevel(event.currentTarget.value as Level)}>
          <option value="debug">All lines</option>
          <option value="warning">Warnings and errors</option>
          <option value="error">Errors only</option>
        </select>
        <select aria-label="How far back" value={hours} onChange={(event) => setHours(Number(event.currentTarget.value))}>
          {reaches.map((reach) => (
            <option key={reach.hours} value={reach.hours}>
              {reach.title}
            </option>
          ))}
        </select>
        <Button type="submit" look="primary" busy={busy !== null}>
          Search
        </Button>
      </form>
      <ProblemNotice problem={problem} />
      {found?.items.length === 0 && <Empty title="No line fits" />}
      {found && found.items.length > 0 && <WhenFound lines={found.items} since={asked.since} at={asked.at} more={found.next !== null} />}
      {found && found.items.length > 0 && (
        <div class="card flush scroll">
          <table class="stack lines">
            <thead>
              <tr>
                <th>Time</th>
                <th>Bot</th>
                <th>Step</th>
                <th>Line</th>
              </tr>
            </thead>
            <tbody>
              {found.items.map((line) => (
                <tr key={`${line.botId} ${line.seq}`} class={line.level}>
                  <td class="soft">{dateAndTime(line.at)}</td>
                  <td>
                    <Link href={`/bots/${line.botId}`}>{line.botName}</Link>
                  </td>
                  <td class="soft">{line.step && inWords(line.step)}</td>
                  <td class="mono">
                    <Marked text={line.message} wanted={asked.text} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found?.next && (
        <div class="row">
          <Button busy={busy !== null} onClick={() => void look(asked.path, found.items, found.next)}>
            Earlier lines
          </Button>
        </div>
      )}
    </>
  );
}
