import { useEffect, useState } from "preact/hooks";
import { BotFatherPicture } from "../art/bot_father.tsx";
import { get, post, type Problem } from "../lib/api.ts";
import { about, money } from "../lib/format.ts";
import { useAction, useLoad, useTitle } from "../lib/hooks.ts";
import { go } from "../lib/router.tsx";
import type { Bot, DeployOptions, Page, Region, ServerOffer, VerifiedToken } from "../lib/types.ts";
import { Button, Facts, Field, Loading, ProblemNotice } from "../ui/controls.tsx";
import { ModelChoice, type ModelPick, modelBody } from "../ui/model_choice.tsx";
import { TokenField } from "../ui/token_field.tsx";

interface Place {
  provider: string;
  region: string;
  type: string;
}

function offerOf(regions: Region[], place: Place): ServerOffer | null {
  const region = regions.find((one) => one.provider === place.provider && one.region === place.region);
  return region?.serverTypes.find((type) => type.type === place.type) ?? null;
}

/** The default place if it is sold, and otherwise the cheapest that is. */
function firstPlace(options: DeployOptions, regions: Region[]): Place | null {
  const { provider, region, serverType } = options.defaults;
  let cheapest: { place: Place; price: number } | null = null;
  for (const one of regions) {
    for (const type of one.serverTypes) {
      const place = { provider: one.provider, region: one.region, type: type.type };
      const isDefault = place.provider === provider && place.region === region && place.type === serverType;
      if (isDefault) return place;
      const price = Number(type.priceMonthly?.amount ?? Infinity);
      if (type.available && (!cheapest || price < cheapest.price)) cheapest = { place, price };
    }
  }
  return cheapest?.place ?? null;
}

interface PlacePickerProps {
  regions: Region[];
  place: Place;
  choose: (place: Place) => void;
  problem: Problem | null;
}

function PlacePicker({ regions, place, choose, problem }: PlacePickerProps) {
  const region = regions.find((one) => one.provider === place.provider && one.region === place.region);
  const moveTo = (key: string) => {
    const next = regions.find((one) => `${one.provider}/${one.region}` === key);
    if (!next) return;
    const same = next.serverTypes.find((type) => type.type === place.type && type.available);
    const type = same ?? next.serverTypes.find((one) => one.available) ?? next.serverTypes[0];
    if (type) choose({ provider: next.provider, region: next.region, type: type.type });
  };
  return (
    <div class="columns">
      <Field label="Region" wrong={problem?.field("region")}>
        {({ id }) => (
          <select id={id} value={`${place.provider}/${place.region}`} onChange={(e) => moveTo(e.currentTarget.value)}>
            {regions.map((one) => (
              <option key={one.region} value={`${one.provider}/${one.region}`}>
                {one.description} ({one.provider} {one.region})
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Server" wrong={problem?.field("serverType")}>
        {({ id }) => (
          <select id={id} value={place.type} onChange={(e) => choose({ ...place, type: e.currentTarget.value })}>
            {region?.serverTypes.map((type) => (
              <option key={type.type} value={type.type} disabled={!type.available}>
                {type.type}: {type.cores} cores, {type.memoryGb} GB, {money(type.priceMonthly)} a month
                {type.available ? "" : " (sold out)"}
              </option>
            ))}
          </select>
        )}
      </Field>
    </div>
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

function useOffers() {
  return useLoad("options", async (signal) => {
    const [options, regions] = await Promise.all([
      get<DeployOptions>("/api/deploy/options", signal),
      get<Page<Region>>("/api/cloud/available-regions", signal),
    ]);
    return { options, regions: regions.items };
  });
}

export function NewBotPage() {
  useTitle("Deploy a bot");
  const offers = useOffers();
  const [token, setToken] = useState("");
  const [bot, setBot] = useState<VerifiedToken["bot"]>(null);
  const [name, setName] = useState("");
  const [model, setModel] = useState<ModelPick | null>(null);
  const [place, setPlace] = useState<Place | null>(null);
  const { busy, problem, run } = useAction();
  const { data } = offers;

  useEffect(() => {
    if (data && !place) setPlace(firstPlace(data.options, data.regions));
  }, [data]);

  const deploy = () =>
    run("deploy", async () => {
      const created = await post<Bot>("/api/bots/create", {
        name: name.trim() || bot!.name,
        telegramBotToken: token,
        ...modelBody(model!),
        ...(place && { provider: place.provider, region: place.region, serverType: place.type }),
      });
      // Its page says what became of the deploy, and offers it again.
      await post("/api/deploy", { botId: created.id }).catch(() => {});
      go(`/bots/${created.id}`);
    });

  const offer = data && place ? offerOf(data.regions, place) : null;
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
            <Field label="Name here" wrong={problem?.field("name")}>
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
            <ModelChoice models={data.options.models} pick={model} choose={setModel} problem={problem} />
          ) : (
            !offers.problem && <Loading what="models" />
          )}
        </Move>
        <Move number={3} title="Deploy">
          <ProblemNotice problem={offers.problem}>
            <Button onClick={offers.reload}>Try again</Button>
          </ProblemNotice>
          {data && place && (
            <PlacePicker regions={data.regions} place={place} choose={setPlace} problem={problem} />
          )}
          <ProblemNotice problem={problem} />
          <div class="deploy-row">
            <Button type="submit" look="primary" busy={busy !== null} disabled={missing !== null || !data}>
              Deploy
            </Button>
            <Facts
              facts={[
                ["Price", offer ? `${money(offer.priceMonthly)} a month` : "–"],
                ["Region", place ? place.region : "–"],
                ["Ready in", data?.options.expectedSeconds ? about(data.options.expectedSeconds) : "a few minutes"],
              ]}
            />
          </div>
          <p class="note" role="status">
            {missing ?? "Billed by the hour until you delete the bot. You can cancel at any moment."}
          </p>
        </Move>
      </form>
    </div>
  );
}
