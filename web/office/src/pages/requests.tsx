// Of a household's page: what it asked about its own data, and that it was answered.

import type { DataRequest, Household, Receipt } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { term } from "../../../shared/terms";
import { may } from "../access";
import { ErasureCard } from "../erasure";
import { Loading, Table, TextKey, Trouble } from "../parts";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";

export function RequestsCard({ own }: { own: Household }) {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const act = useAct();
  const path = `/households/${own.household}/requests`;
  const loaded = useLoaded(() => client.read<DataRequest[]>(path), [path]);
  if (!loaded.value) return <section class="card"><Loading error={loaded.error} again={loaded.again} /></section>;
  if (loaded.value.length === 0) return null;
  const answer = (one: DataRequest, done: boolean) =>
    act.run(async () => {
      await client.write<Receipt>(`${path}/${one.request}/answer`, { done }, { told: term("task", one.kind, chosen) });
      loaded.again();
    });
  const wantsErasure = loaded.value.some((one) => one.kind === "erase_data" && one.status === "open") && may(role, "erase");
  return (
    <>
    <section class="card">
      <h2>{say("农户对自己信息的要求", "What the household asked about its data")}</h2>
      <p class="hint">{say("先办、先告诉农户，再在这里记结果；没有办的，要把原因告诉农户。", "Do it and tell the household first, then record it here; of what is not done, the household is told why.")}</p>
      <Trouble error={act.error} />
      <Table
        empty="—"
        columns={[{ words: say("要求", "Asked for") }, { words: say("哪天提的", "Asked on") }, { words: say("哪天前答复", "Answer by") }, { words: say("结果", "Result") }, { words: "" }]}
        rows={loaded.value.map((one) => ({
          key: one.request,
          cells: [
            term("task", one.kind, chosen),
            day(one.asked_on, chosen),
            day(one.due_on, chosen),
            one.status === "open" ? say("等答复", "Waits") : `${one.status === "done" ? say("办了", "Done") : say("没有办", "Not done")} ${day(one.answered_on, chosen)}`,
            one.status === "open" && may(role, "answer_asked") ? (
              <>
                <TextKey onClick={() => answer(one, true)} isDisabled={act.isBusy}>{say("办了", "Done")}</TextKey>
                <TextKey onClick={() => answer(one, false)} isDisabled={act.isBusy}>{say("没有办", "Not done")}</TextKey>
              </>
            ) : "",
          ],
        }))}
      />
    </section>
    {wantsErasure && <ErasureCard own={own} onDone={loaded.again} />}
    </>
  );
}
