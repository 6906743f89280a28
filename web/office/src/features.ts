// What is known of a household, with units that people read.

import type { Feature } from "../../shared/bodies";
import { yuan } from "../../shared/money";
import type { Say } from "./state";

/** A feature's value with its unit: money, a share in percent, a count. */
export function inWords(feature: Feature, say: Say): string {
  if (feature.value === null || feature.value === undefined) return say("没有记录", "not known");
  const number = Number(feature.value);
  if (Number.isNaN(number)) return String(feature.value);
  switch (feature.unit) {
    case "money":
      return yuan(Math.round(number * 100), true);
    case "ratio":
      return `${Math.round(number * 1000) / 10}%`;
    case "months":
      return say("{n} 个月", "{n} months", { n: Math.round(number * 10) / 10 });
    case "days":
      return say("{n} 天", "{n} days", { n: Math.round(number * 10) / 10 });
    default:
      return String(number);
  }
}
