import { useState } from "preact/hooks";
import { get, query } from "../../lib/api.ts";
import { dateAndTime, inWords } from "../../lib/format.ts";
import { useAction } from "../../lib/hooks.ts";
import { Link } from "../../lib/router.tsx";
import type { Level, LogLine, Page } from "../../lib/types.ts";
import { Button, Empty, Marked, ProblemNotice } from "../../ui/controls.tsx";

interface FoundLine extends LogLine {
  botId: string;
  botName: string;
}

const hourMs = 3_600_000;
const reaches = [
  { hours: 1, title: "Last hour" },
  { hours: 24, title: "Last day" },
  { hours: 168, title: "Last week" },
  { hours: 720, title: "Last 30 days" },
];

export function LogsPart() {
  const [text, setText] = useState("");
  const [level, setLevel] = useState<Level>("debug");
  const [hours, setHours] = useState(24);
  const [found, setFound] = useState<Page<FoundLine> | null>(null);
  const { busy, problem, run } = useAction();
  const [asked, setAsked] = useState("");
  const [shownText, setShownText] = useState("");

  const look = (path: string, before: FoundLine[], next: string | null) =>
    run("look", async () => {
      const page = await get<Page<FoundLine>>(query(path, { after: next }));
      setFound({ items: [...before, ...page.items], next: page.next });
    });
  const begin = () => {
    const path = query("/api/admin/logs", {
      q: text.trim(),
      level,
      limit: 200,
      since: new Date(Date.now() - hours * hourMs).toISOString(),
    });
    setAsked(path);
    setShownText(text);
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
                    <Marked text={line.message} wanted={shownText} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found?.next && (
        <div class="row">
          <Button busy={busy !== null} onClick={() => void look(asked, found.items, found.next)}>
            Earlier lines
          </Button>
        </div>
      )}
    </>
  );
}
