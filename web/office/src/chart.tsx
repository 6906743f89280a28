// A chart with its name, its figures as a table, and both to take away.

import type { EChartsCoreOption } from "echarts/core";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type SheetCell, save } from "../../shared/sheet-file";
import { saveSheet } from "./exported";
import { TextKey } from "./parts";
import { useSay } from "./state";

type Drawn = Awaited<ReturnType<typeof draw>>;

const COLOURS = ["#1d5c38", "#b07a00", "#a32318", "#3b6ea5", "#7a4fa3", "#525e57"];

async function draw(box: HTMLElement, option: EChartsCoreOption) {
  const { init } = await import("./chart-kit");
  const chart = init(box, undefined, { renderer: "canvas" });
  chart.setOption({
    color: COLOURS,
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: "#1c2420" },
    grid: { left: 12, right: 24, top: 40, bottom: 8, containLabel: true },
    // The server's policy forbids inline styles, so the tooltip is drawn with the chart.
    tooltip: { trigger: "axis", renderMode: "richText", confine: true },
    ...option,
  });
  return chart;
}

export interface Figures {
  columns: string[];
  rows: SheetCell[][];
}

/** `says` is what the chart shows, in one sentence, for those who do not see it. */
export function Chart({ name, says, option, figures, note, height = 300 }: {
  name: string;
  says: string;
  option: EChartsCoreOption;
  figures: Figures;
  note?: ComponentChildren;
  height?: 220 | 300 | 380;
}) {
  const say = useSay();
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<Drawn | null>(null);
  const [isTable, setTable] = useState(false);
  const [isBroken, setBroken] = useState(false);
  useEffect(() => {
    if (isTable || !box.current) return undefined;
    let isGone = false;
    draw(box.current, option).then(
      (drawn) => {
        if (isGone) drawn.dispose();
        else chart.current = drawn;
      },
      () => setBroken(true),
    );
    const resize = () => chart.current?.resize();
    addEventListener("resize", resize);
    return () => {
      isGone = true;
      removeEventListener("resize", resize);
      chart.current?.dispose();
      chart.current = null;
    };
  }, [option, isTable]);
  const toPng = () => {
    const address = chart.current?.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: "#ffffff" });
    const bytes = address && Uint8Array.from(atob(address.slice(address.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
    if (bytes) save(`${name}.png`, "image/png", bytes);
  };
  return (
    <section class="card chart">
      <header class="chart-head">
        <h2>{name}</h2>
        <span class="chart-keys">
          <TextKey onClick={() => setTable(!isTable)}>{isTable ? say("看图", "Chart") : say("看数字", "Figures")}</TextKey>
          {!isTable && !isBroken && <TextKey onClick={toPng} label={`${name} PNG`}>PNG</TextKey>}
          <TextKey onClick={() => saveSheet({ name, ...figures }, "csv")} label={`${name} CSV`}>CSV</TextKey>
        </span>
      </header>
      {isTable || isBroken ? (
        <div class="scroll" tabIndex={0} role="region" aria-label={name}>
          <table>
            <thead><tr>{figures.columns.map((column) => <th scope="col" key={column}>{column}</th>)}</tr></thead>
            <tbody>
              {figures.rows.map((row, place) => (
                <tr key={place}>{row.map((cell, at) => <td key={at} class={typeof cell === "number" ? "amount" : ""}>{cell}</td>)}</tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <div class={`chart-box h-${height}`} role="img" aria-label={`${name}: ${says}`} ref={box} />
      )}
      {note && <p class="hint">{note}</p>}
    </section>
  );
}
