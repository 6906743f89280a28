// A merchant's code: how much is asked for, shown for another phone to read, as a picture and as text.

import qrcode from "qrcode-generator";
import { useState } from "preact/hooks";
import type { OwnMerchant, PaymentCode } from "../../../shared/bodies";
import { decimal, parseFen, yuan } from "../../../shared/money";
import { Choices, Field, Form, Key, Loading, Notice, Screen, Trouble } from "../parts";
import { client, household, useAct, useLoaded, useSay } from "../state";

/** Light modules around a code, without which readers do not find it. */
const QUIET = 4;

export function ReceivePage() {
  const say = useSay();
  const act = useAct();
  const base = `/households/${household.value}`;
  const loaded = useLoaded(() => client.read<OwnMerchant[]>(`${base}/merchants`));
  const [chosen, setChosen] = useState<string | null>(null);
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [shown, setShown] = useState<{ code: PaymentCode; fen: number } | null>(null);
  const title = say("收款码", "Code to be paid by");
  if (!loaded.value) return <Screen title={title} back="/wallet"><Loading error={loaded.error} again={loaded.again} /></Screen>;
  const merchants = loaded.value;
  const merchant = chosen ?? merchants[0]?.merchant;
  if (!merchant) {
    return (
      <Screen title={title} back="/wallet">
        <Notice>{say("您还没有登记商户。带营业凭证到服务窗口登记，就能用手机收款。", "No merchant of yours is registered. Register at the service window to be paid by code.")}</Notice>
      </Screen>
    );
  }
  if (shown) {
    return (
      <Screen title={say("请对方扫这个码", "Have them scan this")} back="/wallet" foot={<Key kind="plain" onClick={() => setShown(null)}>{say("再收一笔", "Another one")}</Key>}>
        <p class="sum">{yuan(shown.fen, true)}</p>
        <Picture text={shown.code.code} />
        <p class="hint">{say("{n} 分钟内有效，只能付一次。钱到了会记在钱包里。", "Good for {n} minutes and for one payment. What is paid stands in the wallet.", { n: Math.floor(shown.code.seconds / 60) })}</p>
        <details>
          <summary class="text-key">{say("对方扫不了？给他看文字", "They cannot scan? Show the text")}</summary>
          <p class="account">{shown.code.code}</p>
        </details>
      </Screen>
    );
  }
  const make = () => {
    const fen = parseFen(text);
    if (fen === null || fen <= 0) return setWrong(say("请填收多少", "Please enter how much"));
    setWrong(null);
    return void act.run(async () => {
      const code = await client.write<PaymentCode>(`${base}/payment-codes`, { merchant, amount: decimal(fen) }, { secret: true });
      setShown({ code, fen });
    });
  };
  return (
    <Form onSubmit={make}>
      <Screen title={title} back="/wallet" foot={<Key submit isBusy={act.isBusy}>{say("亮出收款码", "Show the code")}</Key>}>
        {merchants.length > 1 && <Choices legend={say("哪个商户", "Which merchant")} options={merchants.map((one) => ({ value: one.merchant, words: one.name }))} chosen={merchant} onChoose={setChosen} />}
        {merchants.length === 1 && <p class="lead">{merchants[0]?.name}</p>}
        <Field label={say("收多少（元）", "How much (yuan)")} value={text} onInput={(next) => { setText(next); setWrong(null); }} decimal isBig maxLength={12} error={wrong} />
        <Trouble error={act.error} />
      </Screen>
    </Form>
  );
}

function Picture({ text }: { text: string }) {
  const say = useSay();
  const code = qrcode(0, "M");
  code.addData(text);
  code.make();
  const count = code.getModuleCount();
  const dark = Array.from({ length: count * count }, (_, place) => [Math.floor(place / count), place % count] as const).filter(([row, column]) => code.isDark(row, column));
  const side = count + 2 * QUIET;
  return (
    <svg class="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={say("收款码", "Code to be paid by")} shape-rendering="crispEdges">
      <rect width={side} height={side} fill="#fff" />
      <path d={dark.map(([row, column]) => `M${column + QUIET} ${row + QUIET}h1v1h-1z`).join("")} fill="#000" />
    </svg>
  );
}
