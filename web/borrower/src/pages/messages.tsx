// What the household was told about its loans, the newest first.

import type { Told } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { Icon, Loading, Screen } from "../parts";
import { client, household, language, useLoaded, useSay } from "../state";

/** Messages that the page shows: more than a year of a household with several loans. */
const SHOWN_MAX = 100;

export function MessagesPage() {
  const say = useSay();
  const chosen = language.use();
  const id = household.use();
  const loaded = useLoaded(() => client.read<Told[]>(`/households/${id}/notices`), [id]);
  const all = loaded.value?.slice(0, SHOWN_MAX);
  return (
    <Screen title={say("消息", "Messages")} back="/" aloud={all?.[0] ? words(all[0], chosen) : undefined}>
      {!all ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : all.length === 0 ? (
        <p class="lead">{say("还没有消息。快到还款日时，会在这里提醒您。", "No messages yet. You are told here when a repayment comes near.")}</p>
      ) : (
        all.map((one) => (
          <a class="card row-link" key={one.id} href={`#/${one.about}s/${one.item}`}>
            <span>
              <small>{day(one.on_day, chosen)}</small>
              <span>{words(one, chosen)}</span>
            </span>
            <Icon name="forward" />
          </a>
        ))
      )}
    </Screen>
  );
}

function words(told: Told, chosen: string): string {
  return (chosen === "zh" ? told.zh : told.en) ?? `${told.due} ${told.amount}`;
}
