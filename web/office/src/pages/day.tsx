// The business day: which is open, how far its close has come, closing it, and what a close did.

import { useEffect, useState } from "preact/hooks";
import type { DayStatus, Health } from "../../../shared/bodies";
import { day } from "../../../shared/dates";
import { may } from "../access";
import { Facts, Key, Loading, Title, Trouble } from "../parts";
import { client, language, useAct, useLoaded, useRole, useSay } from "../state";
import { DayReportCard } from "./day-report";

/** The day whose close was begun from here, so that leaving the page does not lose sight of it. */
let underWay: string | null = null;

export default function DayPage() {
  const say = useSay();
  const chosen = language.use();
  const role = useRole();
  const act = useAct();
  const [closing, setClosing] = useState<string | null>(underWay);
  underWay = closing;
  const [isSure, setSure] = useState(false);
  const loaded = useLoaded(async () => {
    const health = await client.read<Health>("/health");
    const status = closing === null ? null : await client.read<DayStatus>(`/office/days/${closing}`);
    return { open: health.open_date, engine: health.engine, status };
  }, [closing]);
  const open = loaded.value?.open;
  const isClosed = closing !== null && open !== undefined && open > closing;
  // Until the close is through, look again now and then.
  useEffect(() => {
    if (closing === null || isClosed || !loaded.value) return undefined;
    const timer = setTimeout(loaded.again, 1500);
    return () => clearTimeout(timer);
  }, [closing, isClosed, loaded.value]);
  if (!loaded.value || !open) return <Loading error={loaded.error} again={loaded.again} />;
  const close = () =>
    act.run(async () => {
      await client.write(`/office/days/${open}/close`, {}, { told: say("日结 {day}", "close of {day}", { day: day(open, chosen) }) });
      setSure(false);
      setClosing(open);
    });
  const { status } = loaded.value;
  return (
    <>
      <Title note={say("日结时业务不停；已关的日子不能再记账。", "Business goes on during the close; nothing is booked into a closed day.")}>{say("营业日", "Business day")}</Title>
      {closing && (
        <p class={isClosed ? "notice good" : "notice"} role="status">
          {isClosed ? say("{day} 已日结。", "{day} is closed.", { day: day(closing, chosen) }) : say("{day} 正在日结……", "{day} is being closed…", { day: day(closing, chosen) })}
        </p>
      )}
      <section class="card narrow-left">
        <Facts
          rows={[
            [say("开着的营业日", "Open day"), <b>{day(open, chosen)}</b>],
            closing !== null && status && [say("已完成分区", "Cells done"), `${status.closed_cells} / ${status.cells}`],
            [say("数据库", "Database"), loaded.value.engine],
          ]}
        />
        {closing !== null && status && !isClosed && (
          <progress value={status.closed_cells} max={status.cells} aria-label={say("日结进度", "Progress of the close")} />
        )}
        {closing !== null && !isClosed && <p class="hint">{say("可以离开这一页，日结照样做完；回来还能看到进度。", "You may leave this page: the close goes on, and its progress is here when you come back.")}</p>}
        <Trouble error={act.error} />
        {may(role, "close_day") &&
          (isSure ? (
            <div class="row">
              <Key kind="grave" onClick={close} isBusy={act.isBusy}>{say("确定日结 {day}", "Yes, close {day}", { day: day(open, chosen) })}</Key>
              <Key kind="plain" onClick={() => setSure(false)}>{say("先不关", "Not yet")}</Key>
            </div>
          ) : (
            <Key onClick={() => setSure(true)}>{say("日结 {day}", "Close {day}", { day: day(open, chosen) })}</Key>
          ))}
      </section>
      {may(role, "see_day_report") && <DayReportCard open={open} />}
    </>
  );
}
