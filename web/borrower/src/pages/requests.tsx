// What a household asks of the lender about its own data: each by itself, with a day by which it is answered.

import type { DataRequest, Receipt } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { term } from "../../../shared/terms";
import { Key, Loading, Trouble } from "../parts";
import { client, household, language, useAct, useLoaded, useSay } from "../state";
import { useState } from "preact/hooks";

// Withdrawing a consent is done at once, further up.
const KINDS = ["correct_data", "erase_data", "tell_who_looked", "change_phone"] as const;

export function Requests() {
  const say = useSay();
  const chosen = language.use();
  const act = useAct();
  const path = `/households/${household.value}/requests`;
  const loaded = useLoaded(() => client.read<DataRequest[]>(path));
  const [asked, setAsked] = useState<string | null>(null);
  if (!loaded.value) return <section class="card"><Loading error={loaded.error} again={loaded.again} /></section>;
  const requests = loaded.value;
  const open = (kind: string) => requests.find((one) => one.kind === kind && one.status === "open");
  const means: Record<(typeof KINDS)[number], string> = {
    correct_data: say("姓名、村、家里人有登记错的。工作人员会联系您，核对以后改。", "A name, a village, a person is wrong. The office calls you, checks and corrects it."),
    erase_data: say("没有欠款、钱包取空以后才能删。手机号当时就删；姓名和身份证号，动过钱的按反洗钱的规定再保存几年，没动过钱的当时就删；账簿里只留编号。", "Only once nothing is owed and the wallet is empty. The phone number goes at once; name and resident id at once where no money ever moved, and otherwise after the years that the rules on money laundering name. Books keep numbers, no names."),
    tell_who_looked: say("上面能看到谁看过。想知道为什么看、谁办过您家的事，提出来，我们查了告诉您。", "Who looked stands above. Ask here why they did, and who acted on your affairs: we look it up and tell you."),
    change_phone: say("旧手机不在了也能换：工作人员先当面或视频核对您本人。", "Possible without the old phone: the office first makes sure that it is you."),
  };
  const ask = (kind: string) =>
    act.run(async () => {
      await client.write<Receipt>(path, { kind }, { told: term("task", kind, chosen) });
      setAsked(null);
      loaded.again();
    });
  return (
    <section class="card">
      <h2>{say("您可以要求", "You may ask")}</h2>
      {KINDS.map((kind) => {
        const waits = open(kind);
        return (
          <details key={kind}>
            <summary class="text-key">{term("ask", kind, chosen)}</summary>
            <p>{means[kind]}</p>
            {waits ? (
              <p class="hint">{say("{day} 提出，{due} 前答复。", "Asked on {day}; answered by {due}.", { day: day(waits.asked_on, chosen), due: day(waits.due_on, chosen) })}</p>
            ) : asked === kind ? (
              <>
                <Trouble error={act.error} />
                <Key isBusy={act.isBusy} onClick={() => ask(kind)}>{say("确定提出", "Yes, ask")}</Key>
                <Key kind="quiet" onClick={() => setAsked(null)}>{say("再想想", "Not yet")}</Key>
              </>
            ) : (
              <Key kind="plain" onClick={() => setAsked(kind)}>{term("ask", kind, chosen)}</Key>
            )}
          </details>
        );
      })}
      {requests.some((one) => one.status !== "open") && (
        <ul class="entries">
          {requests.filter((one) => one.status !== "open").map((one) => (
            <li key={one.request}>
              <span>
                <b>{term("ask", one.kind, chosen)}</b>
                <small>{`${day(one.asked_on, chosen)} → ${day(one.answered_on, chosen)}　${one.status === "done" ? say("已办", "Done") : say("没有办，原因已告知", "Not done; you were told why")}`}</small>
              </span>
            </li>
          ))}
        </ul>
      )}
      <p class="hint">{say("十五天内答复。着急的，带身份证到服务窗口当场办。", "Answered within fifteen days. In a hurry, come to the service window with your resident card.")}</p>
    </section>
  );
}
