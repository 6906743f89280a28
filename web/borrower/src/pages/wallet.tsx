// The wallet's account, newest first, a page at a time.

import { useEffect, useState } from "preact/hooks";
import type { Entries, Entry, Health, Household, OrderInReview, OwnMerchant } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { parseFen, yuan } from "../../../shared/money";
import { term } from "../../../shared/terms";
import { Key, LinkKey, Loading, Screen, Trouble } from "../parts";
import { client, household, language, useAct, useLoaded, useSay } from "../state";

const PAGE = 20;
/** Orders that were looked at are shown so long. */
const ORDERS_MAX = 5;

export function WalletPage() {
  const say = useSay();
  const chosen = language.use();
  const act = useAct();
  const base = `/households/${household.value}`;
  const loaded = useLoaded(async () => {
    const [own, first, health, merchants, orders] = await Promise.all([
      client.read<Household>(base),
      client.read<Entries>(`${base}/entries?limit=${PAGE}`),
      client.read<Health>("/health"),
      client.read<OwnMerchant[]>(`${base}/merchants`),
      client.read<OrderInReview[]>(`${base}/orders-in-review`),
    ]);
    return { own, first, orders: orders.slice(0, ORDERS_MAX), isDemo: health.demo, isMerchant: merchants.length > 0 };
  });
  const [items, setItems] = useState<Entry[]>([]);
  const [next, setNext] = useState<string | null>(null);
  useEffect(() => {
    if (!loaded.value) return;
    setItems(loaded.value.first.items);
    setNext(loaded.value.first.next ?? null);
  }, [loaded.value]);
  const more = () =>
    act.run(async () => {
      const page = await client.read<Entries>(`${base}/entries?limit=${PAGE}&after=${encodeURIComponent(next ?? "")}`);
      setItems([...items, ...page.items]);
      setNext(page.next ?? null);
    });
  const own = loaded.value?.own;
  return (
    <Screen title={say("我的钱包", "My wallet")} back="/">
      {!own ? (
        <Loading error={loaded.error} again={loaded.again} />
      ) : (
        <>
          <p class="sum">{yuan(own.wallet.available, true)}</p>
          <div class="keys-in-row">
            <LinkKey to="/wallet/transfer" kind="plain">{say("转账", "Transfer")}</LinkKey>
            <LinkKey to="/wallet/withdraw" kind="plain">{say("取钱", "Withdraw")}</LinkKey>
            {loaded.value?.isDemo && <LinkKey to="/wallet/top-up" kind="plain">{say("演示存钱", "Demo top-up")}</LinkKey>}
          </div>
          <div class="keys-in-row">
            <LinkKey to="/wallet/pay" kind="plain">{say("扫码付款", "Pay by code")}</LinkKey>
            {loaded.value?.isMerchant && <LinkKey to="/wallet/receive" kind="plain">{say("收款码", "Be paid")}</LinkKey>}
          </div>
          <div class="keys-in-row">
            <LinkKey to="/wallet/accounts" kind="plain">{say("银行卡", "Bank accounts")}</LinkKey>
            <LinkKey to="/wallet/statement" kind="plain">{say("按月对账单", "Statement by month")}</LinkKey>
          </div>
          {loaded.value && loaded.value.orders.length > 0 && (
            <section class="card">
              <h2>{say("先核对再办的", "Looked at before they go")}</h2>
              <ul class="entries">
                {loaded.value.orders.map((order) => (
                  <li key={order.order}>
                    <span>
                      <b>{term("order", order.kind, chosen)}</b>
                      <small>
                        {day(order.sent_on, chosen)}
                        {`　${term("order_state", order.state, chosen)}`}
                      </small>
                    </span>
                    <span class="amount out">{yuan(order.amount, true)}</span>
                  </li>
                ))}
              </ul>
            </section>
          )}
          <section class="card">
            <h2>{say("收支明细", "Entries")}</h2>
            {items.length === 0 && <p class="hint">{say("还没有进出账。", "Nothing has come in or gone out yet.")}</p>}
            <ul class="entries">
              {items.map((entry) => (
                <li key={entry.entry}>
                  <span>
                    <b>{chosen === "zh" ? entry.kind_zh : entry.kind_en}</b>
                    <small>
                      {day(entry.value_date, chosen)}
                      {entry.memo ? `　${entry.memo}` : ""}
                    </small>
                  </span>
                  <span class={(parseFen(entry.amount) ?? 0) < 0 ? "amount out" : "amount in"}>
                    {(parseFen(entry.amount) ?? 0) > 0 ? "+" : ""}
                    {yuan(entry.amount, true)}
                  </span>
                </li>
              ))}
            </ul>
            <Trouble error={act.error} wasWrite={false} />
            {next && <Key kind="plain" onClick={more} isBusy={act.isBusy}>{say("看更早的", "Earlier ones")}</Key>}
          </section>
          <p class="hint">
            {say("您的账号（别人转钱给您时用）：", "Your account (for those who send you money):")}
            <span class="account">{household.value}</span>
          </p>
        </>
      )}
    </Screen>
  );
}
