//! Children that die: the test binary runs one of its own tests again, in a process of its own.

use std::process::{Child, Command, ExitStatus, Stdio};

/// What tells a test function that it is the child, and what it has to do.
const ORDERS: &str = "TIANXIN_TEST_CHILD";
const SEPARATOR: char = '\u{1f}';

/// The orders of this process; none in an ordinary run, where the child's test returns at once.
pub fn orders() -> Option<Vec<String>> {
    let orders = std::env::var(ORDERS).ok()?;
    Some(orders.split(SEPARATOR).map(str::to_owned).collect())
}

/// Starts `test` of this binary in a child with these orders; what it prints comes by its pipe.
pub fn start(test: &str, orders: &[&str]) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads", "1"])
        .env(ORDERS, orders.join(&SEPARATOR.to_string()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs a child to its end: how it ended, and everything it said.
pub fn run(test: &str, orders: &[&str]) -> (ExitStatus, String) {
    let output = start(test, orders).wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status, String::from_utf8_lossy(&said).into_owned())
}

/// The signal that ended a process.
pub fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}
