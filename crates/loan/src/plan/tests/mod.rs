//! What holds for every plan, whatever happens to it.

mod cumulative;
mod progressive;
