import { useMemo, useState } from "preact/hooks";
import { BotFatherPicture } from "../art/bot_father.tsx";
import { get, post, type Problem } from "../lib/api.ts";
import { leaveNote } from "../lib/deploy_note.ts";
import { about, money } from "../lib/format.ts";
import { asProblem, useAction, useLoad, useTitle } from "../lib/hooks.ts";
import { go } from "../lib/router.tsx";
import type { Bot, DeployOptions, Offer, VerifiedToken } from "../lib/types.ts";
import { Button, Facts, Field, Loading, ProblemNotice } from "../ui/controls.tsx";
import { ModelChoice, type ModelPick, modelBody } from "../ui/model_choice.tsx";
import { TokenField } from "../ui/token_field.tsx";

const samePlace = (a: Offer, b: Offer) =>
  a.provider === b.provider && a.region === b.region && a.serverType === b.serverType;

const isDefault = ({ defaults }: DeployOptions, offer: Offer) =>
  offer.provider === defaults.provider && offer.region === defaults.region && offer.serverType === defaults.serverType;

const price = (offer: Offer) => Number(offer.priceMonthly?.amount ?? Infinity);

/** The default place if the plan has it, and otherwise the cheapest that can be had. */
function firstOffer(options: DeployOptions): Offer | null {
  const [cheapest] = options.places.filter((one) => one.available).sort((a, b) => price(a) - price(b));
  return options.places.find((one) => isDefault(options, one)) ?? cheapest ?? null;
}

interface PlacePickerProps {
  offers: Offer[];
  chosen: Offer;
  choose: (offer: Offer) => void;
  problem: Problem | null;
}

function PlacePicker({ offers, chosen, choose, problem }: PlacePickerProps) {
  const regions = new Map<string, Offer[]>();
  for (const one of offers) {
    const key = `${one.provider}/${one.region}`;
    regions.set(key, [...(regions.get(key) ?? []), one]);
  }
  const here = `${chosen.provider}/${chosen.region}`;
  const moveTo = (key: string) => {
    const there = regions.get(key)!;
    const same = there.find((one) => one.serverType === chosen.serverType && one.available);
    const [cheapest] = there.filter((one) => one.available).sort((a, b) => price(a) - price(b));
    choose(same ?? cheapest ?? there[0]!);
  };
  return (
    <div class="columns">
      <Field label="Region" wrong={problem?.field("region") ?? problem?.field("provider")}>
        {({ id, describedBy, invalid }) => (
          <select id={id} value={here} aria-describedby={describedBy} aria-invalid={invalid} onChange={(e) => moveTo(e.currentTarget.value)}>
            {[...regions].map(([key, [first, ...rest]]) => (
              <option key={key} value={key}>
                {first!.description || first!.region} ({first!.provider} {first!.region})
                {[first!, ...rest].some((one) => one.available) ? "" : ", sold out"}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Server" wrong={problem?.field("serverType")}>
        {({ id, describedBy, invalid }) => (
          <select
            id={id}
            value={chosen.serverType}
            aria-describedby={describedBy}
            aria-invalid={invalid}
            onChange={(e) => choose(regions.get(here)!.find((one) => one.serverType === e.currentTarget.value)!)}
          >
            {regions.get(here)?.map((one) => (
              <option key={one.serverType} value={one.serverType} disabled={!one.available && !samePlace(one, chosen)}>
                {one.serverType}: {one.cores} cores, {one.memoryGb} GB, {money(one.priceMonthly)} a month
                {one.available ? "" : " (sold out)"}
              </option>
            ))}
          </select>
        )}
      </Field>
    </div>
  );
}

/** What becomes of a choice that is sold out, and of one that nobody has made. */
function StockNotice({ chosen, wished }: { chosen: Offer; wished: boolean }) {
  if (chosen.available) return null;
  return (
    <p class="notice" role="status">
      {chosen.serverType} in {chosen.region} is sold out now.{" "}
      {wished
        ? "Choose another, or deploy all the same: the place that you chose is never left, and the deploy fails if it stays sold out."
        : "The nearest that can be had is taken instead, and its price is shown with the bot; or choose another here."}
    </p>
  );
}

function Move({ number, title, children }: { number: number; title: string; children: preact.ComponentChildren }) {
  return (
    <section class="move card" aria-labelledby={`move-${number}`}>
      <h2 id={`move-${number}`}>
        <span class="number" aria-hidden="true">
          {number}
        </span>
        {title}
      </h2>
      {children}
    </section>
  );
}

export function NewBotPage() {
  useTitle("Deploy a bot");
  const options = useLoad("options", (signal) => get<DeployOptions>("/api/deploy/options", signal));
  const [token, setToken] = useState("");
  const [bot, setBot] = useState<VerifiedToken["bot"]>(null);
  const [name, setName] = useState("");
  const [model, setModel] = useState<ModelPick | null>(null);
  const [wish, setWish] = useState<Offer | null>(null);
  const { busy, problem, run } = useAction();
  const { data } = options;
  const first = useMemo(() => (data ? firstOffer(data) : null), [data]);
  const offer = wish ?? first;
  /** What nobody has chosen is left to Hatchery, which goes on to another place if it is sold out. */
  const named = wish ?? (data && first && !isDefault(data, first) ? first : null);

  const deploy = () =>
    run("deploy", async () => {
      const created = await post<Bot>("/api/bots/create", {
        name: name.trim() || bot!.name,
        telegramBotToken: token,
        ...modelBody(model!),
        ...(named && { provider: named.provider, region: named.region, serverType: named.serverType }),
      });
      // Its page says what became of the deploy, and offers it again.
      const problem = await post("/api/deploy", { botId: created.id }).then(() => null, asProblem);
      leaveNote(created.id, { problem, expectedSeconds: data?.expectedSeconds ?? null });
      go(`/bots/${created.id}`);
    });

  const missing = !bot ? "Paste a token first." : !model ? "Choose a model." : null;
  return (
    <div class="page narrow">
      <h1>Deploy a bot</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!missing) void deploy();
        }}
      >
        <Move number={1} title="Paste the bot's token">
          <TokenField value={token} onInput={setToken} onBot={setBot} wrong={problem?.field("telegramBotToken")} />
          {bot && (
            <Field label="Name here (optional)" wrong={problem?.field("name")}>
              {({ id, describedBy }) => (
                <input
                  id={id}
                  value={name}
                  placeholder={bot.name}
                  maxLength={64}
                  aria-describedby={describedBy}
                  onInput={(event) => setName(event.currentTarget.value)}
                />
              )}
            </Field>
          )}
          <details open={token === ""}>
            <summary>No token yet? It takes a minute in Telegram</summary>
            <div class="how-to">
              <BotFatherPicture />
              <ol>
                <li>
                  Open{" "}
                  <a href="https://t.me/BotFather" target="_blank" rel="noreferrer">
                    @BotFather
                  </a>{" "}
                  in Telegram and send <code>/newbot</code>.
                </li>
                <li>Answer with a name, then with a user name that ends in “bot”.</li>
                <li>Copy the token from its last message, and paste it above. The whole message will do.</li>
              </ol>
            </div>
          </details>
        </Move>
        <Move number={2} title="Choose the model">
          {data ? (
            <ModelChoice models={data.models} pick={model} choose={setModel} problem={problem} />
          ) : (
            !options.problem && <Loading what="models" />
          )}
        </Move>
        <Move number={3} title="Deploy">
          <ProblemNotice problem={options.problem}>
            <Button onClick={options.reload}>Try again</Button>
          </ProblemNotice>
          {data && data.silentProviders.length > 0 && (
            <div class="notice" role="status">
              <p>
                {data.silentProviders.join(" and ")} {data.silentProviders.length === 1 ? "does" : "do"} not say now what
                can be had there.
              </p>
              <div class="row">
                <Button onClick={options.reload}>Ask again</Button>
              </div>
            </div>
          )}
          {data && offer && (
            <>
              <PlacePicker offers={data.places} chosen={offer} choose={setWish} problem={problem} />
              <StockNotice chosen={offer} wished={named !== null} />
            </>
          )}
          <ProblemNotice problem={problem} />
          <div class="deploy-row">
            <Button type="submit" look="primary" busy={busy !== null} disabled={missing !== null || !data}>
              Deploy
            </Button>
            <Facts
              facts={[
                ["Price", offer ? `${money(offer.priceMonthly)} a month` : "–"],
                ["Region", offer ? offer.description || offer.region : "–"],
                ["Ready in", data?.expectedSeconds ? about(data.expectedSeconds) : "a few minutes"],
              ]}
            />
          </div>
          <p class="note" role="status">
            {missing ?? "Billed by the hour until you delete the bot; what the model costs comes on top. You can cancel at any moment."}
          </p>
        </Move>
      </form>
    </div>
  );
}
