// Who looked at a household, for whoever opens its page, and by whom for audit.

import type { Look } from "../../shared/bodies";
import { day, moment } from "../../shared/dates";
import { term } from "../../shared/terms";
import { Loading, Table } from "./parts";
import { client, language, useLoaded, useSay } from "./state";
import { shortId } from "./short-id";

/** Rows that are asked for. */
const MOST = 200;

export function LooksCard({ household, staff }: { household?: string; staff?: string }) {
  const say = useSay();
  const chosen = language.use();
  const path = household ? `/households/${household}/looks?limit=${MOST}` : `/office/looks?staff=${staff}&limit=${MOST}`;
  const loaded = useLoaded(() => client.read<Look[]>(path), [path]);
  return (
    <section class="card">
      <h2>{household ? say("谁看过这户的信息", "Who looked at this household") : say("这位员工看过哪些农户", "At which households this person looked")}</h2>
      {!loaded.value ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <Table
          empty={say("还没有人看过。", "Nobody has looked.")}
          columns={[{ words: say("哪天", "On") }, { words: household ? say("谁", "Who") : say("农户", "Household") }, { words: say("看了什么", "What") }, { words: say("当天第一次", "First on that day") }]}
          rows={loaded.value.map((look) => ({
            key: `${look.on} ${look.household} ${look.staff}`,
            cells: [
              day(look.on, chosen),
              household ? `${term("role", look.role, chosen)} ${shortId(look.staff)}` : <a class="inline" href={`#/households/${look.household}`}>{shortId(look.household)}</a>,
              look.kinds.map((kind) => term("look", kind, chosen)).join(say("、", ", ")),
              moment(look.first_at, chosen),
            ],
          }))}
        />
      )}
    </section>
  );
}
