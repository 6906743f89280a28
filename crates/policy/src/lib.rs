//! Rules, limits and prices: a decision with its reasons.
