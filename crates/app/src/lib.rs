//! The handlers: one file for each step of a loan's life.
