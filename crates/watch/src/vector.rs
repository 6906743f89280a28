//! The vector of an event that a model learns from: states as they stood before it, so that training and live scoring read the same.

use crate::habits::{Habits, Spans, Usual};
use crate::input::Sight;
use crate::number::{log2_milli, ratio_milli};
use crate::places::Payee;
use crate::unusual::{MEMBERS, Score};

/// Figures of the states alone.
const PLAIN: usize = 31;
/// Figures of a vector.
pub const WIDTH: usize = PLAIN + MEMBERS + 1;
/// Days by which windows of labels lie back: labels of later days are not known yet.
pub const LABELS_BACK: i32 = 7;

/// What an event looks like. What is not known is NaN. Whole numbers below 2²⁴, so that 32 bits hold them exactly.
pub fn vector(
    sight: &Sight<'_>,
    state: &Habits,
    spans: &Spans,
    payee: Option<&Payee>,
    usual: Usual,
    score: &Score,
) -> [f32; WIDTH] {
    let day = sight.day();
    let amount = sight.amount();
    let mut out = [f32::NAN; WIDTH];
    let mut at = 0;
    let mut put = |value: i64| {
        if let Some(place) = out.get_mut(at) {
            *place = value.clamp(-(1 << 24), 1 << 24) as f32;
        }
        at += 1;
    };
    // 12 of the household.
    put(i64::from(log2_milli(amount)));
    put(i64::from(ratio_milli(amount, usual.mean)));
    put((i128::from(amount) - i128::from(usual.mean))
        .saturating_mul(1_000)
        .checked_div(i128::from(usual.deviation))
        .map_or(0, |z| z.clamp(-1 << 24, 1 << 24) as i64));
    put(usual.count as i64);
    for sum in [spans.today, spans.week, spans.month] {
        put(i64::from(sum.out_count));
        let mean = sum.out_sum.checked_div(u64::from(sum.out_count)).unwrap_or(usual.mean);
        put(i64::from(ratio_milli(mean, usual.mean)));
    }
    let known = state.frauds.iter().filter(|(on, _)| *on != i32::MIN && day - on <= 30);
    let (loud, last) = known.fold((0, i32::MIN), |(n, last), (on, loud)| (n + i64::from(*loud), last.max(*on)));
    put(loud);
    put(if last == i32::MIN { 99 } else { i64::from(day - last) });
    // 2 of the time.
    put(sight.hour() as i64);
    put(i64::from(sight.event.date.weekday()));
    // 17 of the payee.
    if let Some(payee) = payee {
        let told = payee.spans(day, LABELS_BACK);
        told.counts.iter().for_each(|count| put(i64::from(*count)));
        for (labels, frauds, quiet) in told.labels {
            put(i64::from(labels));
            put(i64::from(frauds) * 1_000 / i64::from(labels.max(1)));
            put(i64::from(quiet) * 1_000 / i64::from(labels.max(1)));
        }
        let (first, last) = payee.run;
        put(if last == i32::MIN { 99 } else { i64::from(day - last).min(99) });
        put(if last == i32::MIN { 99 } else { i64::from(day - first).min(99) });
        put(i64::from(payee.last_labels.0.count_ones()) * 4 + i64::from(payee.last_labels.0 & 1));
        let (seen, sum) = payee.seen;
        put(sum.checked_div(i64::from(seen)).map_or(0, |mean| i64::from(log2_milli(amount)) - mean));
        put(i64::from(payee.labels.1) * 1_000 / i64::from(payee.labels.0.max(1)));
    }
    at = PLAIN;
    for value in score.members.iter().chain([&score.milli]) {
        if let Some(place) = out.get_mut(at) {
            *place = *value as f32;
        }
        at += 1;
    }
    out
}
