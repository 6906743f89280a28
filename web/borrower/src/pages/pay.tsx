// Paying a merchant by the code it shows: whom and how much first, then out of what, with what a line would cost a year.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Household, Line, LineDetail, PaymentCodeTold, Receipt } from "../../../shared/bodies";
import { parseFen, percent, yuan } from "../../../shared/money";
import { Choices, Facts, Field, Form, Icon, Key, LinkKey, Loading, Notice, Screen, Trouble } from "../parts";
import { client, household, useAct, useLoaded, useSay } from "../state";

/** What browsers that can read codes offer; many phones do, none has to. */
interface Reader {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
const readerKind = (globalThis as { BarcodeDetector?: new (options: { formats: string[] }) => Reader }).BarcodeDetector;
/** Between two looks through the camera. */
const LOOK_MS = 300;

export function PayPage() {
  const say = useSay();
  const act = useAct();
  const [text, setText] = useState("");
  const [isScanning, setScanning] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const [told, setTold] = useState<PaymentCodeTold | null>(null);
  const read = (code: string) => {
    setText(code);
    setScanning(false);
    if (!code.trim()) return setWrong(say("请先扫码，或者把付款码贴进来", "Scan the code or paste it first"));
    setWrong(null);
    return void act.run(async () => {
      setTold(await client.write<PaymentCodeTold>(`/households/${household.value}/codes-read`, { code: code.trim() }, { secret: true }));
    });
  };
  if (told) return <Pay code={text.trim()} told={told} onBack={() => setTold(null)} />;
  return (
    <Form onSubmit={() => read(text)}>
      <Screen title={say("扫码付款", "Pay by code")} back="/wallet" foot={<Key submit isBusy={act.isBusy}>{say("看看付给谁", "See whom it pays")}</Key>}>
        <p>{say("请商户在自己手机上亮出付款码。一个码只能付一次，十分钟内有效。", "Have the merchant show the code. It is paid once, within ten minutes.")}</p>
        {readerKind && navigator.mediaDevices ? (
          isScanning ? <Camera onRead={read} onTrouble={(words) => { setScanning(false); setWrong(words); }} /> : <Key kind="plain" onClick={() => setScanning(true)}>{say("打开摄像头扫码", "Scan with the camera")}</Key>
        ) : (
          <p class="hint">{say("这部手机的浏览器不能直接扫码：用手机自带的扫一扫读出文字，贴到下面。", "This browser cannot scan. Read the code with the phone's own scanner and paste the text here.")}</p>
        )}
        <Field label={say("付款码的文字", "Text of the code")} value={text} onInput={(next) => { setText(next); setWrong(null); }} maxLength={200} error={wrong} />
        <Trouble error={act.error} wasWrite={false} />
      </Screen>
    </Form>
  );
}

/** Looks through the camera until a code is seen; the picture never leaves the phone. */
function Camera({ onRead, onTrouble }: { onRead: (code: string) => void; onTrouble: (words: string) => void }) {
  const say = useSay();
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    let stream: MediaStream | null = null;
    let isOver = false;
    let timer = 0;
    const begin = async () => {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      const picture = video.current;
      if (isOver || !picture || !readerKind) return;
      picture.srcObject = stream;
      await picture.play();
      const reader = new readerKind({ formats: ["qr_code"] });
      const look = async () => {
        const [seen] = await reader.detect(picture).catch(() => []);
        if (isOver) return;
        if (seen) return onRead(seen.rawValue);
        timer = window.setTimeout(() => void look(), LOOK_MS);
      };
      await look();
    };
    begin().catch(() => onTrouble(say("摄像头打不开，请贴付款码的文字", "The camera does not open: paste the text of the code")));
    return () => {
      isOver = true;
      clearTimeout(timer);
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, []);
  return <video class="camera" ref={video} muted playsInline aria-label={say("摄像头画面", "What the camera sees")} />;
}

function Pay({ code, told, onBack }: { code: string; told: PaymentCodeTold; onBack: () => void }) {
  const say = useSay();
  const act = useAct();
  const base = `/households/${household.value}`;
  const fen = parseFen(told.amount) ?? 0;
  const loaded = useLoaded(async () => {
    const [own, lines] = await Promise.all([client.read<Household>(base), client.read<Line[]>(`${base}/lines`)]);
    const open = await Promise.all(lines.filter((line) => line.status === "open").map((line) => client.read<LineDetail>(`${base}/lines/${line.line}`)));
    return { own, lines: open.filter((line) => (parseFen(line.available) ?? 0) >= fen) };
  });
  const [from, setFrom] = useState("wallet");
  const [done, setDone] = useState<string | null>(null);
  if (done) {
    return (
      <Screen title={done === "in_review" ? say("还没有付，正在核对", "Not paid yet: being looked at") : done === "on_its_way" ? say("正在付", "On its way") : say("付好了", "Paid")} foot={<LinkKey to="/wallet">{say("看钱包", "See my wallet")}</LinkKey>}>
        <div class="seal good"><Icon name={done === "on_its_way" || done === "in_review" ? "clock" : "check"} /></div>
        <p class="lead">{done === "in_review" ? say("付给 {name} 的 {amount} 先给您留着，工作人员看过就付。", "{amount} to {name} is kept for it, and is paid once a member of staff has looked.", { name: told.name, amount: yuan(fen, true) }) : say("付给 {name} {amount}。", "{amount} to {name}.", { name: told.name, amount: yuan(fen, true) })}</p>
      </Screen>
    );
  }
  if (!loaded.value) return <Screen title={say("付给谁、付多少", "Whom and how much")} back="/wallet"><Loading error={loaded.error} again={loaded.again} /></Screen>;
  const { own, lines } = loaded.value;
  const inWallet = parseFen(own.wallet.available) ?? 0;
  const isShort = from === "wallet" && inWallet < fen;
  const pay = () =>
    act.run(async () => {
      const how = { told: say("付给 {name} {amount}", "{amount} to {name}", { name: told.name, amount: yuan(fen, true) }) };
      const answer =
        from === "wallet"
          ? await client.write<Receipt>(`${base}/code-payments`, { code }, how)
          : await client.write<Receipt>(`${base}/lines/${from}/events`, { act: "buy_by_code", code }, how);
      setDone(answer.status);
    });
  return (
    <Screen
      title={say("付给谁、付多少", "Whom and how much")}
      back="/wallet"
      foot={
        <>
          <Key onClick={pay} isBusy={act.isBusy} isDisabled={isShort}>{say("付 {amount}", "Pay {amount}", { amount: yuan(fen, true) })}</Key>
          <Key kind="plain" onClick={onBack}>{say("不付了", "Do not pay")}</Key>
        </>
      }
    >
      <section class="card"><Facts rows={[[say("付给", "To"), <b>{told.name}</b>], [say("金额", "Amount"), <b class="large">{yuan(fen, true)}</b>]]} /></section>
      {lines.length > 0 && (
        <Choices
          legend={say("用什么付", "Out of what")}
          options={[
            { value: "wallet", words: say("钱包（有 {amount}）", "Wallet ({amount})", { amount: yuan(inWallet, true) }), more: say("不花利息", "No interest") },
            ...lines.map((line) => ({
              value: line.line,
              words: say("消费额度（还能用 {amount}）", "Purchase line ({amount} available)", { amount: yuan(line.available, true) }),
              more: say("年化成本：到期全部还清 0%；没还的部分一年 {rate}", "Cost a year: 0% if paid in full when due; {rate} on what is left unpaid", { rate: percent(line.rate) }),
            })),
          ]}
          chosen={from}
          onChoose={setFrom}
        />
      )}
      {from !== "wallet" && <Notice>{say("这是借来的钱。账单到期前全部还清不收利息；想分期，买完在额度页面能看到每种分期的年化成本。", "This is borrowed money. Paid in full by the due date it costs nothing; instalments and their cost a year are on the line's page afterwards.")}</Notice>}
      {isShort && <Notice kind="bad">{say("钱包里只有 {amount}，不够。", "The wallet holds only {amount}.", { amount: yuan(inWallet, true) })}</Notice>}
      <Trouble error={act.error} />
    </Screen>
  );
}
