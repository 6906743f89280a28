// A paper to print or keep as a file: that a loan is settled, or where it stands.

import type { Household, LoanDetail } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { inCapitals, parseFen, yuan } from "../../../shared/money";
import { Facts, Key, Loading, Screen } from "../parts";
import { productName, products } from "../products";
import { client, household, language, useLoaded, useSay } from "../state";

export function CertificatePage({ id }: { id: string }) {
  const say = useSay();
  const chosen = language.use();
  const loaded = useLoaded(async () => {
    const base = `/households/${household.value}`;
    const [loan, own, known, health] = await Promise.all([
      client.read<LoanDetail>(`${base}/loans/${id}`),
      client.read<Household>(base),
      products(),
      client.read<{ open_date: string }>("/health"),
    ]);
    return { loan, own, known, today: health.open_date };
  }, [id]);
  if (!loaded.value) return <Screen title={say("证明", "Certificate")} back={`/loans/${id}`}><Loading error={loaded.error} again={loaded.again} /></Screen>;
  const { loan, own, known, today } = loaded.value;
  const head = own.persons.find((person) => person.role === "head") ?? own.persons[0];
  const isClosed = loan.status === "closed";
  const paid = loan.history.filter((event) => ["paid", "prepaid"].includes(event.kind));
  const last = paid[paid.length - 1]?.date;
  const inWords = (amount: string) => (chosen === "zh" ? `${yuan(amount, true)}（人民币${inCapitals(parseFen(amount) ?? 0)}）` : yuan(amount, true));
  const title = isClosed ? say("贷款结清证明", "Certificate of settlement") : say("贷款对账单", "Statement of the loan");
  return (
    <Screen title={title} back={`/loans/${id}`} foot={<Key onClick={() => print()}>{say("打印或存成文件", "Print, or keep as a file")}</Key>}>
      <section class="card paper">
        <p>
          {isClosed
            ? say("{name}家在本机构的下列借款已经全部还清，本金、利息、费用和罚息均无欠款。", "The household of {name} has paid off the loan below. No principal, interest, fee or penalty is owed on it.", { name: head?.name ?? "—" })
            : say("{name}家在本机构的下列借款，截至 {day} 的情况如下。", "The loan below of the household of {name}, as of {day}.", { name: head?.name ?? "—", day: day(today, chosen) })}
        </p>
        <Facts
          rows={[
            [say("借据号", "Loan"), <span class="id">{loan.loan}</span>],
            [say("合同号", "Contract"), <span class="id">{loan.contract}</span>],
            [say("种类", "Product"), productName(known, loan.product, chosen)],
            [say("借款本金", "Principal"), inWords(loan.principal)],
            [say("借款日", "Paid out on"), day(loan.drawn_on, chosen)],
            [say("约定到期日", "Last due date"), day(loan.maturity, chosen)],
            isClosed && last ? [say("结清日", "Settled on"), day(last, chosen)] : null,
            !isClosed && [say("没还的本金", "Principal left"), inWords(loan.outstanding)],
            !isClosed && [say("今天全部还清要", "To pay off today"), inWords(loan.payoff_today)],
            [say("开出日期", "Made out on"), day(today, chosen)],
          ]}
        />
        {paid.length > 0 && (
          <table class="plan">
            <thead><tr><th scope="col">{say("还款日", "Paid on")}</th><th scope="col">{say("金额", "Amount")}</th></tr></thead>
            <tbody>{paid.map((event, place) => <tr key={place}><th scope="row">{day(event.date, chosen)}</th><td>{yuan(event.amount, true)}</td></tr>)}</tbody>
          </table>
        )}
        <p class="hint">{say("由系统按账簿开出。要盖章的，请带身份证到服务窗口。", "Made out from the books. For a seal, bring your resident card to the service window.")}</p>
      </section>
    </Screen>
  );
}
